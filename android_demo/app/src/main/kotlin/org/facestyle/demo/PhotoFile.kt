package org.facestyle.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import android.util.Size
import org.facestyle.core.sampleSize
import java.io.ByteArrayInputStream
import java.io.IOException
import java.io.InputStream

/**
 * A picture in a file's format.
 *
 * @param turn what is done to it once it is as its EXIF orientation says.
 * @param stream the file, from its beginning, as often as called.
 */
class PhotoFile private constructor(
    private val turn: Matrix = Matrix(),
    private val stream: () -> InputStream?,
) {
    /**
     * Upright, ARGB_8888, mutable.
     *
     * @param longSide it is not larger than this; in pixels.
     * @throws BadPicture when it cannot be read, or is none.
     * @throws OutOfMemoryError when there is no room for it; ask for a smaller one.
     */
    fun read(longSide: Int): Bitmap {
        val larger = size().let { maxOf(it.width, it.height) }
        val decoded = open {
            val options = BitmapFactory.Options().apply {
                inSampleSize = sampleSize(larger, longSide)
                inPreferredConfig = Bitmap.Config.ARGB_8888
                inMutable = true
            }
            BitmapFactory.decodeStream(it, null, options)
        } ?: throw unreadable(longSide)
        return upright(decoded, longSide)
    }

    /** Without room for its pixels, it is as with a damaged one: nothing comes. */
    private fun unreadable(longSide: Int): Throwable =
        if (longSide > SMALL) OutOfMemoryError("no room for the photo") else BadPicture()

    /**
     * In pixels, as it is stored.
     *
     * @throws BadPicture when it cannot be read, or is none.
     */
    fun size(): Size {
        val found = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        open { BitmapFactory.decodeStream(it, null, found) }
        if (found.outWidth <= 0 || found.outHeight <= 0) throw BadPicture()
        return Size(found.outWidth, found.outHeight)
    }

    private fun upright(bitmap: Bitmap, longSide: Int): Bitmap {
        val matrix = open { orientation(it) }
        matrix.postConcat(turn)
        val scale = longSide.toFloat() / maxOf(bitmap.width, bitmap.height)
        if (scale < 1) matrix.postScale(scale, scale)
        if (matrix.isIdentity) return bitmap
        val turned = Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, true)
        if (turned != bitmap) bitmap.recycle()
        return turned
    }

    private fun <T> open(read: (InputStream) -> T): T = try {
        (stream() ?: throw BadPicture()).use(read)
    } catch (error: IOException) {
        throw BadPicture(error)
    } catch (error: SecurityException) {
        throw BadPicture(error)
    }

    companion object {
        /** A longest side in pixels for which there is always room. */
        private const val SMALL = 1280

        /** One that somebody chose. */
        fun at(uri: Uri, resolver: ContentResolver) = PhotoFile { resolver.openInputStream(uri) }

        /** One that the camera took. */
        fun of(still: FrameSource.Still): PhotoFile {
            val turn = Matrix()
            turn.postRotate(still.rotation.toFloat())
            if (still.mirror) turn.postScale(-1f, 1f)
            return PhotoFile(turn) { ByteArrayInputStream(still.jpeg) }
        }

        /** What turns a picture upright, by its EXIF orientation. */
        private fun orientation(stream: InputStream): Matrix {
            val found = try {
                ExifInterface(stream).getAttributeInt(ExifInterface.TAG_ORIENTATION, 1)
            } catch (_: IOException) {
                // Pictures without EXIF, such as PNG, are upright.
                ExifInterface.ORIENTATION_NORMAL
            }
            val matrix = Matrix()
            when (found) {
                ExifInterface.ORIENTATION_FLIP_HORIZONTAL -> matrix.postScale(-1f, 1f)
                ExifInterface.ORIENTATION_ROTATE_180 -> matrix.postRotate(180f)
                ExifInterface.ORIENTATION_FLIP_VERTICAL -> matrix.postScale(1f, -1f)
                ExifInterface.ORIENTATION_TRANSPOSE -> {
                    matrix.postRotate(90f)
                    matrix.postScale(-1f, 1f)
                }
                ExifInterface.ORIENTATION_ROTATE_90 -> matrix.postRotate(90f)
                ExifInterface.ORIENTATION_TRANSVERSE -> {
                    matrix.postRotate(270f)
                    matrix.postScale(-1f, 1f)
                }
                ExifInterface.ORIENTATION_ROTATE_270 -> matrix.postRotate(270f)
            }
            return matrix
        }
    }
}

/** A picture that cannot be read. */
class BadPicture(cause: Throwable? = null) : Exception("the picture cannot be read", cause)
