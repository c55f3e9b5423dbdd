package org.facestyle.demo

import org.facestyle.core.DepthFrame
import org.facestyle.core.Port
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.lang.management.ManagementFactory
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.atomic.AtomicInteger

/** A live frame leaves nothing for the collector: what this app does with it, not the runtime. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class NoAllocationTest {
    private val thread = ManagementFactory.getThreadMXBean() as com.sun.management.ThreadMXBean

    /** Does nothing, so that only what is around it is measured. */
    private object IdleEngine : Engine {
        override val processor = Processor.cpu(1)
        override val inputs = emptyList<Port>()
        override val outputs = inputs

        override fun bind(inputs: Map<String, Buffer>, outputs: Map<String, Buffer>) = {}

        override fun close() = Unit
    }

    private fun stylizer(): Stylizer {
        val studio = (RuntimeEnvironment.getApplication() as DemoApplication).studio
        return Stylizer(IdleEngine, studio.chosen("stylizer"))
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

    private companion object {
        const val LEAST_OBJECT = 16L
    }
}
