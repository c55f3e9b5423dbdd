package org.facestyle.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.net.Uri
import android.os.Handler
import android.os.Looper
import android.util.Size
import org.facestyle.core.longSideWithin
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicReference

/**
 * The view model of [MainActivity]'s screen: opens models, frames and photos, and owns the thread
 * that paints. Without androidx; made anew with each activity, whose [view] it holds.
 * Its functions are called on the main thread, and so is its [listener].
 *
 * @param view shows what is painted.
 * @param freeMemory bytes that pictures may have.
 */
class MainViewModel(
    private val models: ModelProvider,
    private val settings: Settings,
    private val resolver: ContentResolver,
    private val source: FrameSource,
    private val view: PaintedView,
    private val freeMemory: () -> Long,
    private val listener: Listener,
) {
    /** Told what becomes of painting. */
    interface Listener {
        /** The model is open; [doubt] where the phone computes something else than PyTorch. */
        fun onOpened(processor: Processor, doubt: GoldenCheck.Verdict?)

        /** It is [ready] again. */
        fun onPainting()

        fun onCameraFailed(failure: SourceFailure)

        fun onModelFailed(reason: String)

        fun onBadPicture()

        /** Memory did not suffice. */
        fun onNoMemory()
    }

    /** Who is told what became of a picture in full size; on any thread, and after [close] too. */
    interface FullSize {
        fun painted(picture: Bitmap)

        /** Memory does not suffice for all of it. */
        fun smaller()

        /** The live model paints it: the one for photos cannot, for a [reason]. */
        fun plainer(reason: String)

        fun failed(error: Throwable)
    }

    private val main = Handler(Looper.getMainLooper())

    /** The one thread that uses the stylizer, from [open] to [close]. */
    private var painter: ExecutorService? = null
    private var stylizer: Stylizer? = null

    /** Closes the stylizer on its thread, also one that was just being opened. */
    private var release = {}
    private var photo: Uri? = null
    private var photoSession: PhotoSession? = null
    private var look: Look? = null

    /** While a picture is painted in full size. */
    var busy = false
        private set

    /** Who waits for the camera's photo, which does not come after [close]. */
    private var waiting: FullSize? = null

    /** Live painting, while there is any. */
    var live: LiveSession? = null
        private set

    /** Whether a picture can be painted in full size now. */
    val ready: Boolean get() = !busy && (live != null || photoSession != null)

    /** Whether what is near can be kept as it is. */
    val knowsDepth: Boolean
        get() = live != null && source.givesDepth && stylizer?.takesDepth == true

    /** Begins to paint a [photo], or live where it is null. */
    fun open(photo: Uri?, look: Look) {
        close()
        this.photo = photo
        this.look = look
        val opening = Executors.newSingleThreadExecutor { Thread(it, "painting") }
        val toClose = AtomicReference<Stylizer?>()
        painter = opening
        release = { toClose.get()?.close() }
        paint(opening) {
            val opened = models.stylizer(settings.processor)
            toClose.set(opened)
            // The first time that it runs here.
            val doubt = GoldenCheck(models).once(opened, settings)
            then {
                stylizer = opened
                listener.onOpened(opened.processor, doubt)
                start(opened)
            }
        }
    }

    /** Ends all painting; what is being saved is still finished. */
    fun close() {
        live?.close()
        live = null
        photoSession?.close()
        photoSession = null
        busy = false
        waiting?.failed(Interrupted())
        waiting = null
        stylizer = null
        painter?.execute(release)
        painter?.shutdown()
        painter = null
    }

    /** Goes on with another look. */
    fun paint(look: Look) {
        this.look = look
        live?.paint(look)
        photoSession?.paint(look)
    }

    /** Paints the photo, or what the camera sees, as large as it is. */
    fun paintFull(to: FullSize) {
        val thread = painter
        val opened = stylizer
        val wanted = look
        if (!ready || thread == null || opened == null || wanted == null) return
        busy = true
        val session = live
        val shown = photoSession
        if (session != null) {
            waiting = to
            session.takeSnapshot { taken ->
                onMain(thread) {
                    waiting = null
                    // Its loop has the thread: it pauses for the moment that this takes.
                    session.close()
                    live = null
                    paintFull(thread, to, after = { start(opened) }) {
                        val small = taken.picture(PREVIEW_SIDE)
                        val painted = kept(opened).paint(small, taken.far, wanted, to::plainer)
                        largest(to, taken.size, taken::picture).also {
                            PhotoPainter.colour(it, painted)
                        }
                    }
                }
            }
        } else if (shown != null) {
            val file = photo?.let { PhotoFile.at(it, resolver) } ?: return
            paintFull(thread, to, after = { listener.onPainting() }) {
                // First, so that a model and the large picture are never there at once.
                val painted = shown.painting(wanted, to::plainer)
                largest(to, file.size(), file::read).also { PhotoPainter.colour(it, painted) }
            }
        }
    }

    /** @param after what follows on the main thread, also where [work] failed. */
    private fun paintFull(
        thread: ExecutorService,
        to: FullSize,
        after: () -> Unit,
        work: () -> Bitmap,
    ) = thread.execute {
        try {
            to.painted(work())
        } catch (
            // Whatever it is, nobody may believe that a picture is there.
            @Suppress("TooGenericExceptionCaught")
            error: Throwable,
        ) {
            to.failed(error)
        }
        onMain(thread) {
            busy = false
            after()
        }
    }

    private fun start(opened: Stylizer) {
        val thread = painter ?: return
        val uri = photo
        if (uri != null) {
            startPhoto(thread, opened, uri)
            return
        }
        val session = LiveSession(
            thread,
            opened,
            source,
            view,
            failed = { onMain(thread) { listener.onCameraFailed(it) } },
            modelFailed = { onMain(thread) { listener.onModelFailed(it.reason) } },
        )
        live = session
        look?.let(session::paint)
        session.start()
        listener.onPainting()
    }

    private fun startPhoto(thread: ExecutorService, opened: Stylizer, uri: Uri) = paint(thread) {
        val preview = PhotoFile.at(uri, resolver).read(PREVIEW_SIDE)
        then {
            val session = PhotoSession(thread, opened, kept(opened), view, preview) { error ->
                onMain(thread) {
                    if (error is OutOfMemoryError) {
                        listener.onNoMemory()
                    } else {
                        listener.onModelFailed(error.reason)
                    }
                }
            }
            photoSession = session
            look?.let(session::paint)
            listener.onPainting()
        }
    }

    /** A picture as large as it is, or as memory allows; half of what is free is left alone. */
    private fun largest(to: FullSize, size: Size, read: (Int) -> Bitmap): Bitmap {
        val whole = maxOf(size.width, size.height)
        val free = maxOf(0, freeMemory()) / 2
        var side = minOf(longSideWithin(size.width, size.height, free, PREVIEW_SIDE), LARGEST_SIDE)
        if (side < whole) to.smaller()
        while (true) {
            try {
                return read(side)
            } catch (error: OutOfMemoryError) {
                side /= 2
                if (side < PREVIEW_SIDE) throw error
                to.smaller()
            }
        }
    }

    private fun kept(live: Stylizer) = KeptPhotos(models, settings, live, freeMemory)

    /** Does [work] on the painting thread, and on the main one what it returns. */
    private fun paint(thread: ExecutorService, work: () -> () -> Unit) = thread.execute {
        try {
            onMain(thread, work())
        } catch (_: BadPicture) {
            onMain(thread) { listener.onBadPicture() }
        } catch (_: OutOfMemoryError) {
            // Of a large bitmap, which is gone again: the rest of the app has enough.
            onMain(thread) { listener.onNoMemory() }
        } catch (error: LinkageError) {
            // The native library does not fit this phone.
            onMain(thread) { listener.onModelFailed(error.reason) }
        } catch (
            // Of damaged files, of the phone's, of the runtime's: they have no common type.
            @Suppress("TooGenericExceptionCaught")
            error: Exception,
        ) {
            onMain(thread) { listener.onModelFailed(error.reason) }
        }
    }

    /** What background work ends with. */
    private fun then(what: () -> Unit) = what

    /** On the main thread, unless what [thread] belonged to has ended since. */
    private fun onMain(thread: ExecutorService, what: () -> Unit) {
        main.post { if (painter === thread) what() }
    }

    private companion object {
        // Longest sides in pixels: on the screen, and of what is saved.
        const val PREVIEW_SIDE = 1280
        const val LARGEST_SIDE = 8192
    }
}

/** What was to be painted is gone: the phone was turned, or the app left. */
class Interrupted : Exception("interrupted")
