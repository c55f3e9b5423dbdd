package org.facestyle.demo

import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import org.facestyle.demo.Screen.Companion.jpeg
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.ByteArrayOutputStream
import java.io.FileNotFoundException

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34])
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class PhotoFileTest {
    private val place = Uri.parse("content://pictures/file")

    /** Upright: red in the upper left corner, green right of it, blue below, black elsewhere. */
    private val corners = mapOf(
        (0 to 0) to Color.RED,
        (1 to 0) to Color.GREEN,
        (0 to 1) to Color.BLUE,
    )

    private fun read(bytes: ByteArray, longSide: Int = 1000): Bitmap {
        Screen.offer(bytes, place)
        return PhotoFile.at(
            place,
            RuntimeEnvironment.getApplication().contentResolver,
        ).read(longSide)
    }

    /** 64 x 96 upright, as a camera writes it that is held so that EXIF says [orientation]. */
    private fun stored(orientation: Int): Bitmap {
        val swapped = orientation >= 5
        val (width, height) = if (swapped) 96 to 64 else 64 to 96
        val pixels = IntArray(width * height) {
            val right = if (it % width < width / 2) 0 else 1
            val down = if (it / width < height / 2) 0 else 1
            // What EXIF calls row 0 and column 0 of the stored picture.
            val (x, y) = when (orientation) {
                1 -> right to down
                2 -> 1 - right to down
                3 -> 1 - right to 1 - down
                4 -> right to 1 - down
                5 -> down to right
                6 -> 1 - down to right
                7 -> 1 - down to 1 - right
                else -> down to 1 - right
            }
            corners[x to y] ?: Color.BLACK
        }
        return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888)
    }

    /** A JPEG whose EXIF says an orientation, and nothing else. */
    private fun withOrientation(jpeg: ByteArray, orientation: Int): ByteArray {
        val tiff = byteArrayOf(0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1) +
            byteArrayOf(1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.toByte(), 0, 0) +
            byteArrayOf(0, 0, 0, 0)
        val exif = "Exif".toByteArray() + byteArrayOf(0, 0) + tiff
        val start = byteArrayOf(0xFF.toByte(), 0xD8.toByte())
        val marker = byteArrayOf(0xFF.toByte(), 0xE1.toByte(), 0, (exif.size + 2).toByte())
        return start + marker + exif + jpeg.drop(2)
    }

    private fun assertUpright(found: Bitmap) {
        val (width, height) = found.width to found.height
        for (x in 0..1) {
            for (y in 0..1) {
                val pixel = found.getPixel(width * (1 + 2 * x) / 4, height * (1 + 2 * y) / 4)
                val wanted = corners[x to y] ?: Color.BLACK
                for (shift in listOf(16, 8, 0)) {
                    assertEquals(
                        (wanted shr shift and 0xFF).toFloat(),
                        (pixel shr shift and 0xFF).toFloat(),
                        12f,
                    )
                }
            }
        }
    }

    // Robolectric's ExifInterface of Android 8 finds no EXIF in any file.
    @Test
    @Config(sdk = [34])
    fun `it is upright, however the phone was held`() {
        for (orientation in 1..8) {
            val found = read(withOrientation(stored(orientation).jpeg(98), orientation))
            assertEquals("$orientation", 64 to 96, found.width to found.height)
            assertUpright(found)
            assertTrue(found.isMutable)
        }
    }

    @Test
    fun `it is not larger than asked for`() {
        val photo = Bitmap.createBitmap(900, 600, Bitmap.Config.ARGB_8888).jpeg()
        for (side in listOf(900, 899, 450, 449, 100)) {
            val found = read(photo, side)
            assertEquals(side, found.width)
            assertEquals(side * 2 / 3f, found.height.toFloat(), 1f)
        }
    }

    @Test
    fun `PNG has no orientation`() {
        val png = ByteArrayOutputStream().also {
            stored(1).compress(Bitmap.CompressFormat.PNG, 100, it)
        }
        assertUpright(read(png.toByteArray()))
    }

    @Test
    fun `what is no picture, or not all of one's beginning, is bad`() {
        val jpeg = stored(1).jpeg()
        for (bytes in listOf(byteArrayOf(), byteArrayOf(1, 2, 3), jpeg.copyOf(40))) {
            assertThrows(BadPicture::class.java) { read(bytes) }
        }
    }

    @Test
    fun `what may not be read is bad`() {
        val resolver = RuntimeEnvironment.getApplication().contentResolver
        for (error in listOf(SecurityException("no"), FileNotFoundException("gone"))) {
            shadowOf(resolver).registerInputStreamSupplier(place) { throw error }
            assertThrows(BadPicture::class.java) { PhotoFile.at(place, resolver).read(100) }
        }
    }
}
