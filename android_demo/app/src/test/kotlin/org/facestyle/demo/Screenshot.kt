package org.facestyle.demo

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Rect
import org.junit.Assert.fail
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

    /** Writes a picture, or fails where it does not look as the kept one outside of [ignored]. */
    fun assertKept(name: String, shown: Bitmap, ignored: Rect?) {
        val half = Bitmap.createScaledBitmap(shown, shown.width / 2, shown.height / 2, true)
        val folder = System.getProperty("facestyle.screenshots")
        if (folder != null) {
            write(half, File(folder, "$name.png"))
            return
        }
        val found = difference(name, half, ignored) ?: return
        write(half, File(FAILED, "$name.png"))
        fail("$name does not look as it did: $found; see $FAILED/$name.png")
    }

    /** What makes a picture of half size differ from the kept one; null where nothing does. */
    fun difference(name: String, half: Bitmap, ignored: Rect? = null): String? {
        val kept = checkNotNull(BitmapFactory.decodeFile("$KEPT/$name.png")) {
            "no picture is kept of $name: see android_demo/README.md"
        }
        if (kept.width to kept.height != half.width to half.height) return "another size"
        val found = differences(kept, half, ignored)
        val many = found.count { it > SLIGHT }
        if (found.max() <= MUCH && many <= FEW * found.size) return null
        return "$many of ${found.size} squares differ, the worst by ${found.max()}"
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
