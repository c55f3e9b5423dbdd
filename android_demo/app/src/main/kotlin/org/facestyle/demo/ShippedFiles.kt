package org.facestyle.demo

import android.content.res.AssetManager
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import org.facestyle.core.Build
import org.facestyle.core.Golden
import org.facestyle.core.ModelFile
import org.facestyle.core.StyleBook
import org.facestyle.core.parseBuild
import org.facestyle.core.parseGolden
import org.facestyle.core.parseStyles
import java.io.FileNotFoundException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel

/**
 * What `facestyle android` has put into the app: a build's models, styles and golden pairs.
 *
 * @param folder of the assets.
 */
open class ShippedFiles(
    private val assets: AssetManager,
    private val folder: String = "facestyle",
) {
    open val build: Build by lazy { parseBuild(text(MANIFEST)) }
    open val styles: StyleBook by lazy { parseStyles(text("styles.json")) }
    open val golden: Golden by lazy { parseGolden(text("golden/golden.json")) }

    /** The build that paints photos, which has no styles of its own; null where there is none. */
    open val forPhotos: ShippedFiles? by lazy {
        // By its files: not every list of a folder names the folders in it.
        val within = "$folder/studio"
        if (MANIFEST in assets.list(within).orEmpty()) ShippedFiles(assets, within) else null
    }

    /** A model, mapped where the APK holds it uncompressed. */
    open fun model(file: ModelFile): ByteBuffer = try {
        assets.openFd("$folder/${file.file}").use { found ->
            found.createInputStream().channel.map(
                FileChannel.MapMode.READ_ONLY,
                found.startOffset,
                found.declaredLength,
            )
        }
    } catch (_: FileNotFoundException) {
        val bytes = bytes(file.file)
        ByteBuffer.allocateDirect(bytes.size).order(ByteOrder.nativeOrder()).put(bytes).apply {
            rewind()
        }
    }

    /** A picture that looks like something, of any size: a thumbnail, or grey without any. */
    fun picture(width: Int, height: Int): Bitmap {
        val name = assets.list("$folder/thumbnails").orEmpty().firstOrNull()
        val bytes = name?.let { bytes("thumbnails/$it") } ?: return grey(width, height)
        val found = BitmapFactory.decodeByteArray(bytes, 0, bytes.size)
        return Bitmap.createScaledBitmap(found, width, height, true)
    }

    private fun grey(width: Int, height: Int) =
        Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).apply { eraseColor(Color.GRAY) }

    /** A whole file. */
    open fun bytes(name: String): ByteArray = assets.open("$folder/$name").use { it.readBytes() }

    private fun text(name: String) = bytes(name).toString(Charsets.UTF_8)

    private companion object {
        const val MANIFEST = "manifest.json"
    }
}
