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

    /** Paints the photo, or the next live frame, as large as it is. */
    fun paintFull(look: Look, done: (Bitmap) -> Unit) {
        val session = live
        val uri = photo
        val shown = photoSession
        if (session != null) {
            session.takeSnapshot { taken -> onMain(worker) { paintSnapshot(taken, look, done) } }
        } else if (uri != null && shown != null) {
            inBackground {
                val full = readLargest(uri)
                shown.paintInto(full, look)
                then { done(full) }
            }
        }
    }

    /** Reads a painting's style: its middle square and the code. */
    fun readStyle(uri: Uri, done: (square: Bitmap, code: FloatArray) -> Unit) = inBackground {
        studio.styleReader().use { reader ->
            val painting = PhotoFile(resolver, uri).read(PAINTING_SIDE)
            val side = reader.side
            val middle = cover(painting.pixels(), painting.width, painting.height, side, side)
            val code = reader.read(middle)
            val square = Bitmap.createBitmap(middle, side, side, Bitmap.Config.ARGB_8888)
            then { done(square, code) }
        }
    }

    /** Does something on the desk's thread, after what it does now, and [done] on the main one. */
    fun <T> afterThat(work: () -> T, done: (T) -> Unit) = inBackground {
        val made = work()
        then { done(made) }
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
            val preview = PhotoFile(resolver, uri).read(PREVIEW_SIDE)
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
    private fun paintSnapshot(taken: LiveSession.Snapshot, look: Look, done: (Bitmap) -> Unit) {
        val opened = stylizer ?: return
        live?.close()
        live = null
        inBackground {
            val frame = Bitmap.createBitmap(taken.side, taken.side, Bitmap.Config.ARGB_8888)
            frame.setPixels(taken.argb, 0, taken.side, 0, 0, taken.side, taken.side)
            PhotoPainter.colour(frame, PhotoPainter(opened).Photo(frame).paint(look))
            then {
                start(opened, look)
                done(frame)
            }
        }
    }

    /** As large as it is, or as memory allows. */
    private fun readLargest(uri: Uri): Bitmap {
        val thread = worker
        var side = LARGEST_SIDE
        while (true) {
            try {
                return PhotoFile(resolver, uri).read(side)
            } catch (error: OutOfMemoryError) {
                side /= 2
                if (side < PREVIEW_SIDE) throw CannotRun("there is too little memory", error)
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
