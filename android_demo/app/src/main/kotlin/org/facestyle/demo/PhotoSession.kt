package org.facestyle.demo

import android.graphics.Bitmap
import android.os.Handler
import android.os.Looper
import org.facestyle.core.GuidedUpscale
import java.util.concurrent.ExecutorService
import java.util.concurrent.atomic.AtomicReference

/**
 * Painting of one photo, again with every change; the newest look wins. What stays for a moment is
 * painted once more, as it will be [kept].
 *
 * @param worker the one thread that uses [stylizer].
 * @param preview the photo as the screen shows it.
 */
class PhotoSession(
    private val worker: ExecutorService,
    stylizer: Stylizer,
    private val kept: KeptPhotos,
    private val view: PaintedView,
    private val preview: Bitmap,
    private val failed: (Throwable) -> Unit,
) : AutoCloseable {
    private val photo by lazy { PhotoPainter(stylizer).Photo(preview) }
    private val pixels by lazy { preview.pixels() }
    private val newest = AtomicReference<Look?>()
    private val lock = Any()
    private var closed = false

    private val main = Handler(Looper.getMainLooper())
    private var settled = Runnable {}

    /** The last one that was painted as it is kept; on the worker's thread. */
    private var last: Pair<Look, GuidedUpscale>? = null

    /** Paints the preview in a moment. */
    fun paint(look: Look) {
        if (newest.getAndSet(look) == null) worker.execute(::paintNewest)
        if (!kept.differ) return
        main.removeCallbacks(settled)
        settled = Runnable { worker.execute { attempt { paintSettled(look) } } }
        main.postDelayed(settled, SETTLED_MILLIS)
    }

    /**
     * What colours the photo at any size, as it is kept; on the worker's thread.
     *
     * @param plainer as [KeptPhotos.paint].
     */
    fun painting(look: Look, plainer: (reason: String) -> Unit): GuidedUpscale {
        last?.let { (of, painting) -> if (of === look) return painting }
        var fine = true
        val painting = kept.paint(preview, null, look) { reason ->
            fine = false
            plainer(reason)
        }
        if (fine) last = look to painting
        return painting
    }

    /** Nothing of it is shown any more. */
    override fun close() {
        main.removeCallbacks(settled)
        synchronized(lock) { closed = true }
    }

    private fun isClosed() = synchronized(lock) { closed }

    private fun paintNewest() {
        val look = newest.getAndSet(null) ?: return
        if (!isClosed()) attempt { show(photo.paint(look)) }
    }

    /** Where it fails, the preview stays; who saves the photo is told. */
    private fun paintSettled(look: Look) {
        // Another one was chosen meanwhile, which will settle too.
        if (isClosed() || newest.get() != null) return
        val painting = painting(look) {}
        if (newest.get() == null) show(painting)
    }

    private fun show(painting: GuidedUpscale) {
        val shown = preview.copy(Bitmap.Config.ARGB_8888, true)
        PhotoPainter.colour(shown, painting)
        val painted = shown.pixels()
        synchronized(lock) {
            if (!closed) view.show(pixels, painted, shown.width, shown.height)
        }
    }

    private fun attempt(work: () -> Unit) = try {
        work()
    } catch (error: RuntimeException) {
        failed(error)
    } catch (error: OutOfMemoryError) {
        failed(error)
    }

    private companion object {
        /** After which a look is not being dragged any more. */
        const val SETTLED_MILLIS = 700L
    }
}
