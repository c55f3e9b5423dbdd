package org.facestyle.demo

import android.graphics.Bitmap
import org.facestyle.core.GuidedUpscale
import org.facestyle.core.Letterbox
import org.facestyle.core.cover

/**
 * Paints a photo of any size and shape: at the model's size, mirrored beyond its edges to the
 * model's shape; then every pixel of the photo is coloured as the painting was around it.
 *
 * Tiles would each be painted by their own statistics, and their seams would show.
 */
class PhotoPainter(private val stylizer: Stylizer) {

    /**
     * A photo at the model's size.
     *
     * @param far as [Stylizer.paint] takes it, of a photo in the model's shape.
     */
    inner class Photo(bitmap: Bitmap, private val far: FloatArray? = null) {
        private val box = Letterbox(bitmap.width, bitmap.height, stylizer.width, stylizer.height)
        private val low = cover(bitmap.pixels(), bitmap.width, bitmap.height, box.width, box.height)

        /** Paints it; the result colours the photo, at any size. */
        fun paint(look: Look): GuidedUpscale {
            val padded = box.pad(low)
            stylizer.paint(padded, look, padded, far)
            return GuidedUpscale(low, box.crop(padded), box.width, box.height)
        }
    }

    companion object {
        private const val ROWS = 64

        /** Colours a mutable [photo] in place, a strip at a time. */
        fun colour(photo: Bitmap, upscale: GuidedUpscale) {
            val strip = IntArray(photo.width * ROWS)
            val painted = IntArray(photo.width * ROWS)
            for (top in 0 until photo.height step ROWS) {
                val rows = minOf(ROWS, photo.height - top)
                photo.getPixels(strip, 0, photo.width, 0, top, photo.width, rows)
                upscale.strip(strip, photo.width, photo.height, top, rows, painted)
                photo.setPixels(painted, 0, photo.width, 0, top, photo.width, rows)
            }
        }
    }
}

/** ARGB, row by row. */
fun Bitmap.pixels(): IntArray = IntArray(width * height).also {
    getPixels(it, 0, width, 0, 0, width, height)
}
