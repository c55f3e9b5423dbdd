package org.facestyle.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.net.Uri
import org.facestyle.core.cover

/** Reads the style of a painting that somebody chose. */
class PaintingReader(private val studio: Studio, private val resolver: ContentResolver) {
    /** A painting's middle square, and the code of its style. */
    class Reading(val square: Bitmap, val code: FloatArray)

    /**
     * @throws BadPicture when it cannot be read.
     * @throws CannotRun when the model cannot be executed.
     * @throws OutOfMemoryError when there is no room for it.
     */
    fun read(uri: Uri): Reading = studio.styleReader().use { reader ->
        val painting = PhotoFile.at(uri, resolver).read(LONG_SIDE)
        val side = reader.side
        val middle = cover(painting.pixels(), painting.width, painting.height, side, side)
        val square = Bitmap.createBitmap(middle, side, side, Bitmap.Config.ARGB_8888)
        Reading(square, reader.read(middle))
    }

    private companion object {
        /** In pixels: the model looks at 256 x 256. */
        const val LONG_SIDE = 1024
    }
}
