package org.facestyle.demo

import android.content.ContentResolver
import android.graphics.Bitmap
import android.net.Uri
import android.os.Handler
import android.os.Looper
import org.facestyle.core.cover
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors

/**
 * Where pictures are painted: opens models, frames and photos, and owns the thread that uses them.
 * Its functions are called on the main thread, and so are its [events].
 *
 * @param view shows what is painted.
 */
class Desk(
    private val studio: Studio,
    private val settings: Settings,
    private val resolver: ContentResolver,
    private val source: FrameSource,
    private val view: PaintedView,
    private val events: Events,
) {
    /** What the desk has to say. */
    interface Events {
        /** The model is open; [doubt] where the phone computes something else than PyTorch. */
        fun onOpened(processor: Processor, doubt: GoldenCheck.Verdict?)

        /** Pictures can be saved from now on. */
        fun onPainting()

        fun onCameraFailed(failure: SourceFailure)

        fun onModelFailed(error: Exception)

        fun onBadPicture()

        /** Memory did not suffice for a photo in full size. */
        fun onSmaller()

        /** Memory did not suffice at all. */
        fun onNoMemory()
    }

    private val main = Handler(Looper.getMainLooper())
    private var worker: ExecutorService? = null
    private var stylizer: Stylizer? = null
    private var photo: Uri? = null
    private var photoSession: PhotoSession? = null

    /** Live painting, while there is any. */
    var live: LiveSession? = null
        private set

    /** Whether something is being painted. */
    val painting: Boolean get() = live != null || photoSession != null

    /** Whether what is near can be kept as it is. */
    val knowsDepth: Boolean
        get() = live != null && source.givesDepth && stylizer?.takesDepth == true

    /** Begins to paint a [photo], or live where it is null. */
    fun open(photo: Uri?, look: Look) {
        close()
        this.photo = photo
        worker = Executors.newSingleThreadExecutor { Thread(it, "work") }
        inBackground {
            val opened = studio.stylizer(settings.processor)
            val doubt = checkOnce(opened)
            then {
                stylizer = opened
                events.onOpened(opened.processor, doubt)
                start(opened, look)
            }
        }
    }

    /** Ends all painting; what is being saved is still finished. */
    fun close() {
        live?.close()
        live = null
        photoSession = null
        val opened = stylizer
        stylizer = null
        worker?.execute { opened?.close() }
        worker?.shutdown()
        worker = null
    }

    /** Goes on with another look. */
    fun paint(look: Look) {
        live?.paint(look)
        photoSession?.paint(look)
    }

    /**
     * Paints the photo, or what the camera sees, as large as it is.
     *
     * @param keep what becomes of it, on the desk's thread; [done] takes what that returns.
     */
    fun <T> paintFull(look: Look, keep: (Bitmap) -> T, done: (T) -> Unit) {
        val session = live
        val uri = photo
        val shown = photoSession
        val thread = worker
        if (session != null) {
            session.takeSnapshot { taken ->
                onMain(thread) { paintSnapshot(taken, look, keep, done) }
            }
        } else if (uri != null && shown != null) {
            inBackground {
                val full = largest { PhotoFile.at(uri, resolver).read(it) }
                shown.paintInto(full, look)
                val kept = keep(full)
                then { done(kept) }
            }
        }
    }

    /** Reads a painting's style: its middle square and the code. */
    fun readStyle(uri: Uri, done: (square: Bitmap, code: FloatArray) -> Unit) = inBackground {
        studio.styleReader().use { reader ->
            val painting = PhotoFile.at(uri, resolver).read(PAINTING_SIDE)
            val side = reader.side
            val middle = cover(painting.pixels(), painting.width, painting.height, side, side)
            val code = reader.read(middle)
            val square = Bitmap.createBitmap(middle, side, side, Bitmap.Config.ARGB_8888)
            then { done(square, code) }
        }
    }

    private fun start(opened: Stylizer, look: Look) {
        val thread = worker
        val uri = photo
        if (uri != null) {
            startPhoto(opened, uri, look)
            return
        }
        val session = LiveSession(
            source,
            opened,
            view,
            failed = { onMain(thread) { events.onCameraFailed(it) } },
            modelFailed = { onMain(thread) { events.onModelFailed(it) } },
        )
        live = session
        session.paint(look)
        session.start()
        events.onPainting()
    }

    private fun startPhoto(opened: Stylizer, uri: Uri, look: Look) {
        val thread = worker ?: return
        inBackground {
            val preview = PhotoFile.at(uri, resolver).read(PREVIEW_SIDE)
            then {
                val session = PhotoSession(thread, opened, view, preview) { error ->
                    onMain(thread) { events.onModelFailed(error) }
                }
                photoSession = session
                session.paint(look)
                events.onPainting()
            }
        }
    }

    /** The live loop has the stylizer: it pauses for the moment that this takes. */
    private fun <T> paintSnapshot(
        taken: LiveSession.Snapshot,
        look: Look,
        keep: (Bitmap) -> T,
        done: (T) -> Unit,
    ) {
        val opened = stylizer ?: return
        live?.close()
        live = null
        val thread = worker
        inBackground {
            try {
                val full = largest(taken::picture)
                val photo = PhotoPainter(opened).Photo(full, taken.far)
                PhotoPainter.colour(full, photo.paint(look))
                val kept = keep(full)
                then { done(kept) }
            } finally {
                onMain(thread) { start(opened, look) }
            }
        }
    }

    /** A picture as large as it is, or as memory allows. */
    private fun largest(read: (Int) -> Bitmap): Bitmap {
        val thread = worker
        var side = LARGEST_SIDE
        while (true) {
            try {
                return read(side)
            } catch (error: OutOfMemoryError) {
                side /= 2
                if (side < PREVIEW_SIDE) throw error
                onMain(thread) { events.onSmaller() }
            }
        }
    }

    /** Checks the golden pair the first time that a model runs on a processor. */
    private fun checkOnce(opened: Stylizer): GoldenCheck.Verdict? {
        val sha256 = studio.chosen("stylizer").sha256
        if (settings.wasRight(sha256, opened.processor)) return null
        val verdict = GoldenCheck(studio).check(opened)
        if (verdict.right) settings.keepRight(sha256, opened.processor)
        return verdict.takeUnless { it.right }
    }

    /** Does [work] on the desk's thread, and on the main one what it returns. */
    private fun inBackground(work: () -> () -> Unit) {
        val thread = worker ?: return
        thread.execute {
            try {
                val done = work()
                onMain(thread, done)
            } catch (_: BadPicture) {
                onMain(thread) { events.onBadPicture() }
            } catch (_: OutOfMemoryError) {
                // Of a large bitmap, which is gone again: the rest of the app has enough.
                onMain(thread) { events.onNoMemory() }
            } catch (error: CannotRun) {
                onMain(thread) { events.onModelFailed(error) }
            } catch (error: RuntimeException) {
                // The runtime's errors have no common type.
                onMain(thread) { events.onModelFailed(error) }
            }
        }
    }

    /** What [inBackground]'s work ends with. */
    private fun then(what: () -> Unit) = what

    /** On the main thread, unless what [thread] belonged to has ended since. */
    private fun onMain(thread: ExecutorService?, what: () -> Unit) {
        main.post { if (worker === thread) what() }
    }

    private companion object {
        // Longest sides in pixels: on the screen, of a painting that is read, of what is saved.
        const val PREVIEW_SIDE = 1280
        const val PAINTING_SIDE = 1024
        const val LARGEST_SIDE = 8192
    }
}
