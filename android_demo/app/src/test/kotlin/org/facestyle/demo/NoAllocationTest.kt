package org.facestyle.demo

import org.facestyle.core.DepthFrame
import org.facestyle.core.Port
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.lang.management.ManagementFactory
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicInteger

/** A live frame leaves nothing for the collector: what this app does with it, not the runtime. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class NoAllocationTest {
    private val thread = ManagementFactory.getThreadMXBean() as com.sun.management.ThreadMXBean

    /** Does nothing, so that only what is around it is measured. */
    private class IdleEngine : Engine {
        @Volatile var runs = 0
        override val processor = Processor.cpu(1)
        override val inputs = emptyList<Port>()
        override val outputs = inputs

        override fun bind(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>) = {
            runs++
            Unit
        }

        override fun close() = Unit
    }

    private val engine = IdleEngine()

    private fun stylizer(): Stylizer {
        val models = (RuntimeEnvironment.getApplication() as DemoApplication).models
        return Stylizer(engine, models.chosen("stylizer"))
    }

    private fun assertNone(threadId: Long, frames: Int, work: () -> Unit) {
        repeat(3) { work() }
        val before = thread.getThreadAllocatedBytes(threadId)
        repeat(frames) { work() }
        val each = (thread.getThreadAllocatedBytes(threadId) - before) / frames
        assertTrue("$each bytes a frame", each < LEAST_OBJECT)
    }

    @Test
    fun `painting a frame`() = stylizer().use { stylizer ->
        val argb = IntArray(stylizer.width * stylizer.height)
        val far = FloatArray(argb.size)
        val (with, without) = listOf(true, false).map { Look(FloatArray(128), 1f, keepsNear = it) }
        assertNone(Thread.currentThread().id, frames = 20) {
            stylizer.paint(argb, with, argb, far)
            stylizer.paint(argb, without, argb)
        }
    }

    @Test
    fun `a frame from the camera's thread to the screen's`() = stylizer().use { stylizer ->
        val shown = AtomicInteger()
        var painting = 0L
        val loop = PaintLoop(
            stylizer,
            show = { _, _ ->
                painting = Thread.currentThread().id
                shown.incrementAndGet()
            },
            failed = { throw AssertionError(it) },
        )
        Thread(loop, "painting").start()
        loop.use {
            loop.look = Look(FloatArray(128), 1f, keepsNear = true)
            val frame = Screen.clip().first()
            val bytes = ByteBuffer.allocateDirect(2 * 40 * 30).order(ByteOrder.nativeOrder())
            val depth = DepthFrame(40, 30, bytes, 80)
            fun offer() {
                val before = shown.get()
                loop.offer(frame, depth, 0, true, 0)
                // Waiting in any other way allocates.
                while (shown.get() == before) Thread.onSpinWait()
            }
            offer()
            assertNone(Thread.currentThread().id, frames = 20, ::offer)
            assertNone(painting, frames = 20, ::offer)
        }
    }

    /** Robolectric's own calls allocate too, but no picture's worth. */
    @Test
    @GraphicsMode(GraphicsMode.Mode.NATIVE)
    fun `a whole live frame, up to the view`() = stylizer().use { stylizer ->
        val camera = object : FrameSource {
            lateinit var listener: FrameSource.Listener
            override var front = true
            override val canTurn = false
            override val givesDepth = false

            override fun start(listener: FrameSource.Listener) {
                this.listener = listener
            }

            override fun stop() = Unit

            override fun takeStill(taken: (FrameSource.Still?) -> Unit) = taken(null)
        }
        val view = PaintedView(RuntimeEnvironment.getApplication())
        var painting: Thread? = null
        val painter = Executor { painting = Thread(it, "painting").apply { start() } }
        val session = LiveSession(painter, stylizer, camera, view, failed = {}, modelFailed = {})
        session.paint(Look(FloatArray(128), 1f))
        session.start()
        val frame = Screen.clip().first()
        fun offer() {
            // What one shows is done before the next one runs.
            val before = engine.runs
            camera.listener.onFrame(frame, null, 0, true, System.nanoTime())
            while (engine.runs == before) Thread.onSpinWait()
        }
        val threads = longArrayOf(Thread.currentThread().id, checkNotNull(painting).id)
        repeat(5) { offer() }
        val before = thread.getThreadAllocatedBytes(threads).sum()
        repeat(20) { offer() }
        val each = (thread.getThreadAllocatedBytes(threads).sum() - before) / 20
        session.close()
        assertTrue("$each bytes a frame", each < stylizer.width * stylizer.height)
    }

    private companion object {
        const val LEAST_OBJECT = 16L
    }
}
