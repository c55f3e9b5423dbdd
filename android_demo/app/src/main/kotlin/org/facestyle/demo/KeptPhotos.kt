package org.facestyle.demo

import android.graphics.Bitmap
import org.facestyle.core.GuidedUpscale
import org.facestyle.core.enlarged

/**
 * Paints the photos that are kept: with the model for photos, which is open only meanwhile, or with
 * the [live] one where the app holds no other or the phone cannot run it. For the painting thread.
 *
 * @param freeMemory bytes that there are; half of them are left alone.
 */
class KeptPhotos(
    private val models: ModelProvider,
    private val settings: Settings,
    private val live: Stylizer,
    private val freeMemory: () -> Long,
) {
    /** Whether they are painted by another model than what is live. */
    val differ: Boolean get() = models.forPhotos != null

    /**
     * @param photo as the screen shows it, or larger.
     * @param far as [Stylizer.paint] takes it, for the live model.
     * @param plainer told why the live model paints it, where another one should have.
     * @return what colours the photo, at any size.
     */
    fun paint(
        photo: Bitmap,
        far: FloatArray?,
        look: Look,
        plainer: (reason: String) -> Unit,
    ): GuidedUpscale {
        val forPhotos = models.forPhotos
        if (forPhotos != null) {
            try {
                return finely(forPhotos, photo, far, look)
            } catch (error: OutOfMemoryError) {
                plainer(error.reason)
            } catch (error: LinkageError) {
                plainer(error.reason)
            } catch (
                // Of damaged files, of the phone's, of the runtime's: they have no common type.
                @Suppress("TooGenericExceptionCaught")
                error: Exception,
            ) {
                plainer(error.reason)
            }
        }
        return PhotoPainter(live).Photo(photo, far).paint(look)
    }

    private fun finely(
        forPhotos: ModelProvider,
        photo: Bitmap,
        far: FloatArray?,
        look: Look,
    ): GuidedUpscale {
        val file = forPhotos.chosen("stylizer")
        val needed = BYTES_A_PIXEL * file.width * file.height
        if (freeMemory() / 2 < needed) throw CannotRun("it needs ${needed / MEGABYTE} MB of memory")
        return forPhotos.stylizer(settings.processor).use { stylizer ->
            GoldenCheck(forPhotos).once(stylizer, settings)?.let {
                throw CannotRun("this phone computes something else")
            }
            val (width, height) = stylizer.width to stylizer.height
            val wider = far?.let { enlarged(it, live.width, live.height, width, height) }
            PhotoPainter(stylizer).Photo(photo, wider).paint(look)
        }
    }

    private companion object {
        /** What the runtime and this app take to paint; measured with `studio` at 512 x 512. */
        const val BYTES_A_PIXEL = 700L
        const val MEGABYTE = 1_000_000
    }
}
