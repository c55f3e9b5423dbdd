package org.facestyle.demo

import org.facestyle.core.Port
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.nio.Buffer
import java.util.concurrent.Semaphore

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class PaintLoopTest {
    /** Takes its time, and counts. */
    private class SlowEngine : Engine {
        @Volatile var runs = 0
        override val processor = Processor.cpu(1)
        override val version = "made"
        override val inputs = emptyList<Port>()
        override val outputs = inputs

        override fun bind(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>) = {
            Thread.sleep(RUN_MILLIS)
            runs++
            Unit
        }

        override fun close() = Unit
    }

    private val engine = SlowEngine()
    private val shown = Semaphore(0)
    private val failed = Semaphore(0)
    private val loop = PaintLoop(
        Stylizer(
            engine,
            (RuntimeEnvironment.getApplication() as DemoApplication).models.chosen("stylizer"),
        ),
        show = { _, _ -> shown.release() },
        failed = { failed.release() },
    )
    private val frame = Screen.clip().first()

    private fun offer() = loop.offer(frame, null, 0, false, System.nanoTime())

    @Test
    fun `its times are those of the model, the frame, and of one after the other`() {
        loop.look = Look(FloatArray(128), 1f)
        Thread(loop).start()
        repeat(6) {
            offer()
            shown.acquire()
            Thread.sleep(PAUSE_MILLIS)
        }
        loop.close()
        val inference = loop.inference.percentile(50.0)
        assertTrue("$inference", inference >= RUN_MILLIS)
        assertTrue(loop.endToEnd.percentile(50.0) >= inference)
        val between = loop.intervals.percentile(50.0)
        assertTrue("$between", between >= RUN_MILLIS + PAUSE_MILLIS)
        // What it could paint is not what it does.
        val most = 1000.0 / (RUN_MILLIS + PAUSE_MILLIS)
        assertTrue(loop.intervals.framesPerSecond <= most)
    }

    @Test
    fun `the newest frame is painted, those between are not`() {
        loop.look = Look(FloatArray(128), 1f)
        repeat(5) { offer() }
        val thread = Thread(loop).apply { start() }
        shown.acquire()
        Thread.sleep(5 * RUN_MILLIS)
        loop.close()
        thread.join()
        assertEquals(1, engine.runs)
    }

    @Test
    fun `nothing is shown once it is closed`() {
        loop.look = Look(FloatArray(128), 1f)
        offer()
        val thread = Thread(loop).apply { start() }
        // While it paints.
        Thread.sleep(RUN_MILLIS / 2)
        loop.close()
        thread.join()
        assertEquals(0, shown.availablePermits())
        assertEquals(0, failed.availablePermits())
    }

    private companion object {
        const val RUN_MILLIS = 40L
        const val PAUSE_MILLIS = 40L
    }
}
