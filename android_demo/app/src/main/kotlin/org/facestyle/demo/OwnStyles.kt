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
 * Styles that people added, in the app's own folder.
 *
 * @param weights fingerprint of the model; codes of another one mean nothing to it.
 */
class OwnStyles(private val folder: File, private val weights: String) {
    private val index = File(folder, "styles.json")

    /** Those of this model; what cannot be read is left alone and not listed. */
    fun all(): List<Style> = try {
        parseStyles(index.readText()).takeIf { it.weights == weights }?.styles.orEmpty()
    } catch (_: IOException) {
        emptyList()
    } catch (_: BadFile) {
        emptyList()
    }

    /**
     * Adds one with its picture.
     *
     * @throws IOException when there is no space; the others are left as they were then.
     */
    fun add(title: String, code: FloatArray, picture: Bitmap): Style {
        folder.mkdirs()
        val name = "own_${System.currentTimeMillis()}"
        val style = Style(name = name, title = title, credit = "", code = code)
        try {
            pictureOf(style).outputStream().use {
                val whole = picture.compress(Bitmap.CompressFormat.JPEG, QUALITY, it)
                if (!whole) throw IOException("no space")
            }
            val whole = File(folder, "styles.json.new")
            whole.writeText(StyleBook(weights, all() + style).toJson())
            if (!whole.renameTo(index)) throw IOException("no space")
        } catch (error: IOException) {
            pictureOf(style).delete()
            throw error
        }
        return style
    }

    /** The picture that it was read from; null where that is gone. */
    fun thumbnail(style: Style): Bitmap? = BitmapFactory.decodeFile(pictureOf(style).path)

    private fun pictureOf(style: Style) = File(folder, "${style.name}.jpg")

    private companion object {
        const val QUALITY = 90
    }
}
