package org.facestyle.demo

import android.annotation.TargetApi
import android.content.ContentResolver
import android.content.ContentValues
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.DocumentsContract
import android.provider.MediaStore
import java.io.File
import java.io.IOException

/**
 * Painted pictures: kept as files first, then into the phone's gallery or to another app, all
 * without a storage permission.
 *
 * @param folder of the app's own, where the last [KEPT] pictures stay: another app may still read
 *   one.
 */
class PictureStore(private val resolver: ContentResolver, private val folder: File) {
    /** Whether [save] works; below, people choose the place by [createDocument]. */
    val savesByItself: Boolean get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q

    /**
     * Writes a JPEG.
     *
     * @throws IOException when there is no space; nothing is left behind then.
     */
    fun keep(picture: Bitmap): File {
        folder.mkdirs()
        val file = File(folder, "facestyle_${System.currentTimeMillis()}.jpg")
        try {
            file.outputStream().use {
                val whole = picture.compress(Bitmap.CompressFormat.JPEG, QUALITY, it)
                if (!whole) throw IOException("no space")
            }
        } catch (error: IOException) {
            file.delete()
            throw error
        }
        folder.listFiles().orEmpty().sortedByDescending { it.name }.drop(KEPT).forEach(File::delete)
        return file
    }

    /**
     * Copies a kept picture into Pictures/facestyle.
     *
     * @throws IOException when it cannot be written; nothing is left behind then.
     */
    @TargetApi(Build.VERSION_CODES.Q)
    fun save(picture: File) {
        val values = ContentValues().apply {
            put(MediaStore.Images.Media.DISPLAY_NAME, picture.name)
            put(MediaStore.Images.Media.MIME_TYPE, JPEG)
            put(
                MediaStore.Images.Media.RELATIVE_PATH,
                "${Environment.DIRECTORY_PICTURES}/facestyle",
            )
            put(MediaStore.Images.Media.IS_PENDING, 1)
        }
        val uri = resolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values)
            ?: throw IOException("the gallery takes no pictures")
        try {
            copy(picture, uri)
            val whole = ContentValues().apply { put(MediaStore.Images.Media.IS_PENDING, 0) }
            resolver.update(uri, whole, null, null)
        } catch (error: IOException) {
            resolver.delete(uri, null, null)
            throw error
        }
    }

    /**
     * Copies a kept picture to the place that somebody chose by [createDocument].
     *
     * @throws IOException when it cannot be written; nothing is left behind then.
     */
    fun write(picture: File, uri: Uri) = try {
        copy(picture, uri)
    } catch (error: IOException) {
        try {
            DocumentsContract.deleteDocument(resolver, uri)
        } catch (_: UnsupportedOperationException) {
            // Some places cannot delete; what counts is what went wrong before.
        }
        throw error
    }

    private fun copy(picture: File, uri: Uri) {
        val stream = resolver.openOutputStream(uri) ?: throw IOException("the place is gone")
        stream.use { to -> picture.inputStream().use { it.copyTo(to) } }
    }

    companion object {
        const val JPEG = "image/jpeg"
        private const val QUALITY = 94
        private const val KEPT = 4

        /** Asks people where a picture should go. */
        fun createDocument(picture: File): Intent = Intent(Intent.ACTION_CREATE_DOCUMENT)
            .addCategory(Intent.CATEGORY_OPENABLE)
            .setType(JPEG)
            .putExtra(Intent.EXTRA_TITLE, picture.name)

        /** Lets people choose a picture: the system's photo picker, or its file browser before Android 13. */
        fun pick(): Intent =
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
                Intent(MediaStore.ACTION_PICK_IMAGES).setType("image/*")
            } else {
                Intent(Intent.ACTION_OPEN_DOCUMENT)
                    .addCategory(Intent.CATEGORY_OPENABLE)
                    .setType("image/*")
            }

        /** Hands a kept picture to another app. */
        fun share(picture: File): Intent = Intent.createChooser(
            Intent(Intent.ACTION_SEND)
                .setType(JPEG)
                .putExtra(Intent.EXTRA_STREAM, PictureProvider.uriOf(picture))
                .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION),
            null,
        )
    }
}
