package org.facestyle.demo

import android.graphics.Bitmap
import java.util.concurrent.ExecutorService
import java.util.concurrent.atomic.AtomicReference

/**
 * Painting of one photo, again with every change; the newest look wins.
 *
 * @param worker the one thread that uses [stylizer].
 * @param preview the photo as the screen shows it.
 */
class PhotoSession(
    private val worker: ExecutorService,
    stylizer: Stylizer,
    private val view: PaintedView,
    private val preview: Bitmap,
    private val failed: (Throwable) -> Unit,
) : AutoCloseable {
    private val photo by lazy { PhotoPainter(stylizer).Photo(preview) }
    private val pixels by lazy { preview.pixels() }
    private val newest = AtomicReference<Look?>()
    private val lock = Any()
    private var closed = false

    /** Paints the preview in a moment. */
    fun paint(look: Look) {
        if (newest.getAndSet(look) == null) worker.execute(::paintNewest)
    }

    /** Paints a [full] sized bitmap of the same photo in place; on the worker's thread. */
    fun paintInto(full: Bitmap, look: Look) = PhotoPainter.colour(full, photo.paint(look))

    /** Nothing of it is shown any more. */
    override fun close() = synchronized(lock) { closed = true }

    private fun paintNewest() {
        val look = newest.getAndSet(null) ?: return
        if (synchronized(lock) { closed }) return
        try {
            val shown = preview.copy(Bitmap.Config.ARGB_8888, true)
            PhotoPainter.colour(shown, photo.paint(look))
            val painted = shown.pixels()
            synchronized(lock) {
                if (!closed) view.show(pixels, painted, shown.width, shown.height)
            }
        } catch (error: RuntimeException) {
            failed(error)
        } catch (error: OutOfMemoryError) {
            failed(error)
        }
    }
}
