package org.facestyle.demo

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException

/** Gives kept pictures to the apps that they are shared with: to read, one by one. */
class PictureProvider : ContentProvider() {
    override fun onCreate() = true

    override fun getType(uri: Uri) = PictureStore.JPEG

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (mode != "r") throw FileNotFoundException("pictures are read only")
        return ParcelFileDescriptor.open(file(uri), ParcelFileDescriptor.MODE_READ_ONLY)
    }

    override fun query(
        uri: Uri,
        projection: Array<out String>?,
        selection: String?,
        arguments: Array<out String>?,
        order: String?,
    ): Cursor {
        val file = file(uri)
        val known = mapOf(
            OpenableColumns.DISPLAY_NAME to file.name,
            OpenableColumns.SIZE to file.length(),
        )
        val columns = projection?.filter(known::containsKey) ?: known.keys.toList()
        return MatrixCursor(columns.toTypedArray()).apply { addRow(columns.map(known::get)) }
    }

    override fun insert(uri: Uri, values: ContentValues?) = null

    override fun update(
        uri: Uri,
        values: ContentValues?,
        selection: String?,
        arguments: Array<out String>?,
    ) = 0

    override fun delete(uri: Uri, selection: String?, arguments: Array<out String>?) = 0

    /** A name alone: nothing else of the app's can be asked for. */
    private fun file(uri: Uri): File {
        val name = uri.lastPathSegment.orEmpty()
        val file = File(folder(checkNotNull(context)), name)
        if (!NAME.matches(name) || !file.exists()) throw FileNotFoundException("no such picture")
        return file
    }

    companion object {
        private const val AUTHORITY = "org.facestyle.demo.pictures"
        private val NAME = Regex("""\w+\.jpg""")

        /** Where pictures are kept; the phone may empty it when space is short. */
        fun folder(context: Context) = File(context.cacheDir, "pictures")

        /** What other apps ask for it by. */
        fun uriOf(picture: File): Uri =
            Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(picture.name).build()
    }
}
