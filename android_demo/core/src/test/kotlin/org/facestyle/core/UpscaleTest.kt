package org.facestyle.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.FloatBuffer
import kotlin.math.max
import kotlin.math.min
import kotlin.random.Random

class UpscaleTest {
    private val random = Random(9)

    private fun whole(upscale: GuidedUpscale, photo: IntArray, width: Int): IntArray {
        val height = photo.size / width
        return IntArray(photo.size).also { upscale.strip(photo, width, height, 0, height, it) }
    }

    @Test
    fun `strips of any height are the whole`() {
        repeat(30) {
            val (w, h) = List(2) { random.nextInt(1, 20) }
            val (width, height) = List(2) { random.nextInt(1, 90) }
            val (low, painted) = List(2) { noise(w * h, random) }
            val upscale = GuidedUpscale(low, painted, w, h, radius = random.nextInt(0, 6))
            val photo = noise(width * height, random)
            val wanted = whole(upscale, photo, width)
            var top = 0
            while (top < height) {
                val rows = min(random.nextInt(1, 20), height - top)
                val strip = photo.copyOfRange(top * width, (top + rows) * width)
                upscale.strip(strip, width, height, top, rows, strip)
                assertArrayEquals(wanted.copyOfRange(top * width, (top + rows) * width), strip)
                top += rows
            }
        }
    }

    @Test
    fun `what is linear in the photo is found again, edges and all`() {
        val large = scene(256, 192)
        val low = cover(large, 256, 192, 64, 48)
        fun paint(photo: IntArray) = IntArray(photo.size) {
            ImageRange.UNIT.argb(
                0.1f + 0.7f * ImageRange.UNIT.values[red(photo[it])],
                0.9f - 0.5f * ImageRange.UNIT.values[green(photo[it])],
                0.3f + 0.6f * ImageRange.UNIT.values[blue(photo[it])],
            )
        }
        val out = whole(GuidedUpscale(low, paint(low), 64, 48, epsilon = 1e-6f), large, 256)
        assertTrue("${difference(paint(large), out)}", difference(paint(large), out) <= 2)
    }

    @Test
    fun `at the small size it is the painting, strokes and all`() {
        val (low, painted) = List(2) { noise(30 * 20, random) }
        val out = whole(GuidedUpscale(low, painted, 30, 20), low, 30)
        assertTrue("${difference(painted, out)}", difference(painted, out) <= 1)
    }

    @Test
    fun `a painting of one colour gives that colour`() {
        val colour = OPAQUE or 0x3377CC
        val upscale = GuidedUpscale(noise(100, random), IntArray(100) { colour }, 10, 10)
        val out = whole(upscale, noise(1200, random), 40)
        assertTrue(difference(IntArray(1200) { colour }, out) <= 1)
    }

    @Test
    fun `edges are sharper than enlarged ones`() {
        val large = scene(240, 240)
        val low = cover(large, 240, 240, 60, 60)
        val guided = whole(GuidedUpscale(low, low, 60, 60), large, 240)
        val enlarged = cover(low, 60, 60, 240, 240)
        fun floats(argb: IntArray) =
            FloatArray(3 * argb.size).also {
                argbToFloats(argb, ImageRange.UNIT, FloatBuffer.wrap(it))
            }
        fun quality(argb: IntArray) = psnr(floats(argb), floats(large), 1.0)
        val gain = quality(guided) - quality(enlarged)
        assertTrue("$gain dB", gain > 6)
    }

    @Test
    fun `box means are what they say`() {
        repeat(50) {
            val (w, h) = List(2) { random.nextInt(1, 15) }
            val radius = random.nextInt(0, 9)
            val values = FloatArray(w * h) { random.nextFloat() }
            val found = BoxMean(w, h, radius).of(values)
            for (i in values.indices) {
                val rows = max(i / w - radius, 0)..min(i / w + radius, h - 1)
                val columns = max(i % w - radius, 0)..min(i % w + radius, w - 1)
                val mean = rows.flatMap { y -> columns.map { x -> values[y * w + x] } }.average()
                assertEquals(mean, found[i].toDouble(), 1e-6)
            }
        }
    }

    @Test
    fun `rows outside the photo are refused`() {
        val upscale = GuidedUpscale(IntArray(4), IntArray(4), 2, 2)
        for ((top, rows) in listOf(-1 to 2, 8 to 3)) {
            assertThrows(IllegalArgumentException::class.java) {
                upscale.strip(IntArray(40), 4, 10, top, rows, IntArray(40))
            }
        }
    }
}
