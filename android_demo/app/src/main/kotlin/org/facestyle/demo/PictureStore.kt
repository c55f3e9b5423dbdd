package org.facestyle.demo

import android.annotation.TargetApi
import android.content.ContentResolver
import android.content.ContentValues
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.MediaStore
import java.io.IOException

/** Pictures into the phone's gallery, without a storage permission. */
class PictureStore(private val resolver: ContentResolver) {
    /** Whether [save] works; below, people choose the place by [createDocument]. */
    val savesByItself: Boolean get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q

    /**
     * Writes a JPEG into Pictures/facestyle.
     *
     * @return its address, which may be shared.
     * @throws IOException when it cannot be written; nothing is left behind then.
     */
    @TargetApi(Build.VERSION_CODES.Q)
    fun save(picture: Bitmap, name: String): Uri {
        val values = ContentValues().apply {
            put(MediaStore.Images.Media.DISPLAY_NAME, "$name.jpg")
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
            write(picture, uri)
            resolver.update(
                uri,
                ContentValues().apply {
                    put(MediaStore.Images.Media.IS_PENDING, 0)
                },
                null,
                null,
            )
        } catch (error: IOException) {
            resolver.delete(uri, null, null)
            throw error
        }
        return uri
    }

    /**
     * Writes a JPEG to a place that somebody has chosen.
     *
     * @return that place.
     * @throws IOException when it cannot be written.
     */
    fun write(picture: Bitmap, uri: Uri): Uri {
        val stream = resolver.openOutputStream(uri) ?: throw IOException("the place is gone")
        stream.use {
            val whole = picture.compress(Bitmap.CompressFormat.JPEG, QUALITY, it)
            if (!whole) throw IOException("no space")
        }
        return uri
    }

    companion object {
        const val JPEG = "image/jpeg"
        private const val QUALITY = 94

        /** Asks people where a picture should go. */
        fun createDocument(name: String): Intent = Intent(Intent.ACTION_CREATE_DOCUMENT)
            .addCategory(
                Intent.CATEGORY_OPENABLE,
            ).setType(JPEG).putExtra(Intent.EXTRA_TITLE, "$name.jpg")

        /** Lets people choose a picture: the system's photo picker, or its file browser before Android 13. */
        fun pick(): Intent =
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
                Intent(MediaStore.ACTION_PICK_IMAGES).setType("image/*")
            } else {
                Intent(
                    Intent.ACTION_OPEN_DOCUMENT,
                ).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*")
            }

        /** Hands a picture to another app. */
        fun share(uri: Uri): Intent = Intent.createChooser(
            Intent(Intent.ACTION_SEND).setType(JPEG).putExtra(Intent.EXTRA_STREAM, uri)
                .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION),
            null,
        )
    }
}
