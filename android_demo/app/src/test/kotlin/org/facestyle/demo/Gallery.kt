package org.facestyle.demo

import android.content.ContentProvider
import android.content.ContentValues
import android.net.Uri
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowContentResolver
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.OutputStream

/** Stands for the phone's gallery, or for any place that pictures are written to. */
class Gallery : ContentProvider() {
    /** What was said of each picture, in turn. */
    val said = mutableListOf<ContentValues>()

    /** Those that were taken back. */
    var deleted = 0
        private set

    /** The picture, once it is written. */
    val written = ByteArrayOutputStream()

    override fun onCreate() = true

    override fun getType(uri: Uri) = "image/jpeg"

    override fun query(
        uri: Uri,
        projection: Array<out String>?,
        selection: String?,
        arguments: Array<out String>?,
        order: String?,
    ) = null

    override fun insert(uri: Uri, values: ContentValues?): Uri {
        said.add(ContentValues(values))
        return PLACE
    }

    override fun update(
        uri: Uri,
        values: ContentValues?,
        selection: String?,
        arguments: Array<out String>?,
    ) = 1.also { said.add(ContentValues(values)) }

    override fun delete(uri: Uri, selection: String?, arguments: Array<out String>?) =
        1.also { deleted++ }

    companion object {
        val PLACE: Uri = Uri.parse("content://media/external/images/media/7")

        /** The phone's own. */
        fun installed() = Gallery().also {
            ShadowContentResolver.registerProviderInternal("media", it)
            it.takes(PLACE)
        }

        /** The phone's own, with no space left. */
        fun full() = installed().also { _ ->
            val stream = object : OutputStream() {
                override fun write(byte: Int): Unit = throw IOException("no space left on device")
            }
            resolver().registerOutputStream(PLACE, stream)
        }

        private fun resolver() = shadowOf(RuntimeEnvironment.getApplication().contentResolver)
    }

    /** Takes what is written to an address. */
    fun takes(uri: Uri) = resolver().registerOutputStream(uri, written)
}
