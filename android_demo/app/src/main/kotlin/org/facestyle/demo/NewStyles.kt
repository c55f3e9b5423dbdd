package org.facestyle.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.net.Uri
import org.facestyle.core.cover
import java.io.IOException
import java.util.concurrent.Executor

/** Makes styles of paintings that people choose; what became of each is in the [events]. */
class NewStyles(
    private val models: ModelProvider,
    private val styles: OwnStyles,
    private val resolver: ContentResolver,
    private val background: Executor,
    private val events: EventChannel,
) {
    /** Reads a painting's middle square with the style encoder, in the background. */
    fun add(painting: Uri, title: String) = background.execute {
        events.post(
            try {
                models.styleReader().use { read(it, painting, title) }
            } catch (_: BadPicture) {
                Outcome.BadPainting
            } catch (_: OutOfMemoryError) {
                Outcome.NoMemory
            } catch (error: IOException) {
                Outcome.NotSaved(error)
            } catch (error: CannotRun) {
                Outcome.NotRead(error.reason)
            } catch (error: LinkageError) {
                // The native library does not fit this phone.
                Outcome.NotRead(error.reason)
            } catch (error: RuntimeException) {
                // The runtime's errors have no common type.
                Outcome.NotRead(error.reason)
            },
        )
    }

    private fun read(reader: StyleReader, uri: Uri, title: String): Outcome {
        val painting = PhotoFile.at(uri, resolver).read(LONG_SIDE)
        val side = reader.side
        val middle = cover(painting.pixels(), painting.width, painting.height, side, side)
        val square = Bitmap.createBitmap(middle, side, side, Bitmap.Config.ARGB_8888)
        return Outcome.StyleAdded(styles.add(title, reader.read(middle), square))
    }

    private companion object {
        /** In pixels, of a painting as it is read: the model looks at 256 x 256. */
        const val LONG_SIDE = 1024
    }
}
