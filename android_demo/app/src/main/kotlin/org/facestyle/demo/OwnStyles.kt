package org.facestyle.demo

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import org.facestyle.core.BadFile
import org.facestyle.core.Style
import org.facestyle.core.StyleBook
import org.facestyle.core.parseStyles
import java.io.File
import java.io.IOException

/**
 * Styles that people added, in the app's own folder; for any thread.
 *
 * @param weights fingerprint of the style encoder; codes of another one mean nothing to the models.
 */
class OwnStyles(private val folder: File, private val weights: String) {
    private val index = File(folder, "styles_$weights.json")

    /** Those of this style encoder, oldest first. */
    @Synchronized
    fun all(): List<Style> = book().styles

    /**
     * Adds one with its picture.
     *
     * @throws IOException when there is no space; the others are left as they were then.
     */
    @Synchronized
    fun add(title: String, code: FloatArray, picture: Bitmap): Style {
        folder.mkdirs()
        val name = "own_${System.currentTimeMillis()}"
        val style = Style(name = name, title = title, credit = "", code = code)
        try {
            pictureOf(style).outputStream().use {
                val whole = picture.compress(Bitmap.CompressFormat.JPEG, QUALITY, it)
                if (!whole) throw IOException("no space")
            }
            write(book() + style)
        } catch (error: IOException) {
            pictureOf(style).delete()
            throw error
        }
        return style
    }

    /**
     * Removes one, and its picture.
     *
     * @throws IOException when that cannot be written.
     */
    @Synchronized
    fun remove(style: Style) {
        write(book() - style.name)
        pictureOf(style).delete()
    }

    /** The picture that it was read from; null where that is gone. */
    fun thumbnail(style: Style): Bitmap? = BitmapFactory.decodeFile(pictureOf(style).path)

    private fun book(): StyleBook = try {
        parseStyles(index.readText())
    } catch (_: IOException) {
        StyleBook(weights, emptyList())
    } catch (_: BadFile) {
        // Not overwritten by the next one that is added.
        index.renameTo(File("$index.damaged"))
        StyleBook(weights, emptyList())
    }

    private fun write(book: StyleBook) {
        val whole = File("$index.new")
        whole.writeText(book.toJson())
        if (!whole.renameTo(index)) throw IOException("no space")
    }

    private fun pictureOf(style: Style) = File(folder, "${style.name}.jpg")

    private companion object {
        const val QUALITY = 90
    }
}
