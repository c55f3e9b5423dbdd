package org.facestyle.demo

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Rect
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import java.io.File
import kotlin.math.abs

/**
 * Pictures of screens, kept in android_demo/screenshots at half size.
 *
 * Where the property facestyle.screenshots names a folder, they are written there instead of being
 * compared.
 */
object Screenshot {
    private const val KEPT = "../screenshots"

    /** What a failed comparison leaves to be looked at. */
    private const val FAILED = "../out/tests/screenshots"

    /** Side of the squares that are compared by their mean, in pixels of half size. */
    private const val SQUARE = 4

    /** Steps of 255: what a letter's edge may differ by, and what no square may. */
    private const val SLIGHT = 4
    private const val MUCH = 16

    /** Of the squares, how many may differ more than slightly. */
    private const val FEW = 0.002

    /**
     * Writes a picture, or fails where it does not look as the kept one outside of [ignored].
     *
     * @param folder where it is written; null where it is compared.
     */
    fun assertKept(
        name: String,
        shown: Bitmap,
        ignored: Rect? = null,
        folder: String? = System.getProperty("facestyle.screenshots"),
    ) {
        val half = Bitmap.createScaledBitmap(shown, shown.width / 2, shown.height / 2, true)
        if (folder != null) {
            write(half, File(folder, "$name.png"))
            return
        }
        val kept = checkNotNull(BitmapFactory.decodeFile("$KEPT/$name.png")) {
            "no picture is kept of $name: see android_demo/README.md"
        }
        val worst = try {
            assertEquals(kept.width to kept.height, half.width to half.height)
            differences(kept, half, ignored)
        } catch (error: AssertionError) {
            write(half, File(FAILED, "$name.png"))
            throw error
        }
        val many = worst.count { it > SLIGHT }
        if (worst.max() <= MUCH && many <= FEW * worst.size) return
        write(half, File(FAILED, "$name.png"))
        val found = "$many of ${worst.size} squares differ, the worst by ${worst.max()}"
        assertTrue("$name does not look as it did: $found; see $FAILED/$name.png", false)
    }

    /** Of each square, the greatest difference of a channel's mean. */
    private fun differences(one: Bitmap, other: Bitmap, ignored: Rect?): List<Int> {
        val (a, b) = one.pixels() to other.pixels()
        val found = mutableListOf<Int>()
        for (top in 0..one.height - SQUARE step SQUARE) {
            for (left in 0..one.width - SQUARE step SQUARE) {
                val square = Rect(left, top, left + SQUARE, top + SQUARE)
                val large = Rect(2 * left, 2 * top, 2 * square.right, 2 * square.bottom)
                if (ignored != null && Rect.intersects(ignored, large)) continue
                found.add(
                    listOf(16, 8, 0).maxOf {
                        abs(mean(a, one.width, square, it) - mean(b, one.width, square, it))
                    },
                )
            }
        }
        return found
    }

    private fun mean(pixels: IntArray, width: Int, square: Rect, shift: Int): Int {
        var sum = 0
        for (y in square.top until square.bottom) {
            for (x in square.left until square.right) {
                sum +=
                    pixels[y * width + x] shr shift and 0xFF
            }
        }
        return sum / (SQUARE * SQUARE)
    }

    private fun write(picture: Bitmap, file: File) {
        file.parentFile?.mkdirs()
        file.outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }
}
