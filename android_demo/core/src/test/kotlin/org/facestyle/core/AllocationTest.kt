package org.facestyle.core

import org.junit.Assert.assertTrue
import org.junit.Test
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer

/** What is done for each live frame leaves nothing for the collector. */
class AllocationTest {
    private val thread = ManagementFactory.getThreadMXBean() as com.sun.management.ThreadMXBean

    private fun bytesOf(work: () -> Unit): Long {
        // Classes are loaded and geometries planned by the first ones.
        repeat(3) { work() }
        val before = thread.currentThreadAllocatedBytes
        repeat(FRAMES) { work() }
        return (thread.currentThreadAllocatedBytes - before) / FRAMES
    }

    private fun assertNone(what: String, work: () -> Unit) {
        val bytes = bytesOf(work)
        assertTrue("$what: $bytes bytes a frame", bytes < LEAST_OBJECT)
    }

    private fun bytes(count: Int) = ByteBuffer.allocateDirect(count).order(ByteOrder.nativeOrder())

    @Test
    fun `it would be seen`() = assertTrue(bytesOf { FloatArray(1000) } > 4000)

    @Test
    fun `frames of a camera`() {
        fun plane(width: Int, height: Int) = YuvFrame.Plane(bytes(width * height), width, 1)
        val frame = YuvFrame(64, 48, plane(64, 48), plane(32, 24), plane(32, 24))
        val toRgb = YuvToRgb(32, 32)
        val argb = IntArray(32 * 32)
        assertNone("YuvToRgb") { toRgb.convert(frame, 90, true, argb) }
    }

    @Test
    fun `frames of a depth camera`() {
        val frame = DepthFrame(40, 30, bytes(40 * 30 * 2), 80)
        val map = DepthMap(32, 32)
        val out = FloatArray(32 * 32)
        assertNone("DepthMap") { map.convert(frame, 270, true, out) }
    }

    @Test
    fun `tensors`() {
        val argb = IntArray(32 * 32)
        val floats: FloatBuffer = bytes(4 * 3 * 32 * 32).asFloatBuffer()
        val range = ImageRange(-1f, 1f)
        assertNone("argbToFloats") { argbToFloats(argb, range, floats) }
        assertNone("floatsToArgb") { floatsToArgb(floats, range, argb) }
    }

    @Test
    fun `times, and frames from thread to thread`() {
        val latency = Latency()
        assertNone("Latency") { latency.add(7) }
        val channel = ConflatedChannel(IntArray(1), IntArray(1), IntArray(1))
        val fill: (IntArray) -> Unit = { it[0]++ }
        assertNone("ConflatedChannel") {
            channel.write(fill)
            channel.take(0)
        }
    }

    private companion object {
        const val FRAMES = 50

        /** Bytes of the smallest one. */
        const val LEAST_OBJECT = 16L
    }
}
