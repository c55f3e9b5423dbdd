package org.facestyle.demo

import android.graphics.Bitmap
import android.util.Size
import org.facestyle.core.DepthFrame
import org.facestyle.core.YuvFrame
import org.facestyle.core.YuvToRgb
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicReference

/**
 * Live painting: frames of a source through a [PaintLoop] to a view.
 *
 * @param painter the one thread that uses [stylizer]; busy with this until [close].
 */
class LiveSession(
    private val painter: Executor,
    private val stylizer: Stylizer,
    private val source: FrameSource,
    view: PaintedView,
    private val failed: (SourceFailure) -> Unit,
    modelFailed: (Exception) -> Unit,
) : AutoCloseable {
    private val loop = PaintLoop(
        stylizer,
        show = { photo, painted -> view.show(photo, painted, stylizer.width, stylizer.height) },
        failed = modelFailed,
    )

    /** How long the model takes, a frame until it is shown, and one frame after another. */
    val inference get() = loop.inference
    val endToEnd get() = loop.endToEnd
    val intervals get() = loop.intervals
    private val wanted = AtomicReference<Wanted?>()

    /**
     * What the camera saw, larger than it is painted live.
     *
     * @property far as [Stylizer.paint] takes it.
     */
    class Snapshot(
        val far: FloatArray?,
        private val whole: () -> Size,
        private val read: (Int) -> Bitmap,
    ) {
        /** Of all that it saw, in pixels; as [PhotoFile.size]. */
        val size: Size get() = whole()

        /**
         * The part that is painted live, upright and mutable.
         *
         * @param longSide as [PhotoFile.read], and its errors.
         */
        fun picture(longSide: Int): Bitmap = read(longSide)
    }

    private class Wanted(val taken: (Snapshot) -> Unit) {
        val since = System.nanoTime()
        var still: FrameSource.Still? = null

        @Volatile var answered = false

        /** Cameras have been seen that never answer. */
        val over get() = answered || System.nanoTime() - since > PATIENCE_NANOS
    }

    private val listener = object : FrameSource.Listener {
        override fun onFrame(
            frame: YuvFrame,
            depth: DepthFrame?,
            rotation: Int,
            mirror: Boolean,
            nanos: Long,
        ) {
            loop.offer(frame, depth, rotation, mirror, nanos)
            val now = wanted.get()?.takeIf { it.over } ?: return
            wanted.set(null)
            val far = depth?.let { loop.farOf(it, rotation, mirror) }
            val photo = now.still?.let(PhotoFile::of)
            now.taken(
                if (photo != null) {
                    Snapshot(far, photo::size) {
                        photo.read(it).middle(stylizer.width, stylizer.height)
                    }
                } else {
                    val size = Size(frame.width, frame.height)
                    Snapshot(far, { size }, read(frame, rotation, mirror))
                },
            )
        }

        override fun onFailure(failure: SourceFailure) = failed(failure)
    }

    /** Begins to paint, or goes on with another [look]. */
    fun paint(look: Look) {
        loop.look = look
    }

    fun start() {
        painter.execute(loop)
        source.start(listener)
    }

    /** Gives a photo, or the next frame where there is none, to [taken], on the source's thread. */
    fun takeSnapshot(taken: (Snapshot) -> Unit) {
        val now = Wanted(taken)
        wanted.set(now)
        source.takeStill {
            now.still = it
            now.answered = true
        }
    }

    override fun close() {
        source.stop()
        loop.close()
    }

    /** Its pixels are copied at once: the frame is gone later. */
    private fun read(frame: YuvFrame, rotation: Int, mirror: Boolean): (Int) -> Bitmap {
        val turned = rotation % 180 != 0
        val (wide, tall) =
            if (turned) frame.height to frame.width else frame.width to frame.height
        val scale = minOf(wide.toFloat() / stylizer.width, tall.toFloat() / stylizer.height)
        val width = (stylizer.width * scale).toInt()
        val height = (stylizer.height * scale).toInt()
        val argb = IntArray(width * height)
        YuvToRgb(width, height).convert(frame, rotation, mirror, argb)
        return {
            Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).apply {
                setPixels(argb, 0, width, 0, 0, width, height)
            }
        }
    }

    private companion object {
        const val PATIENCE_NANOS = 3_000_000_000L
    }
}

/** The largest part around its middle of so many pixels across to so many down. */
private fun Bitmap.middle(across: Int, down: Int): Bitmap {
    val scale = minOf(width.toFloat() / across, height.toFloat() / down)
    val (wide, tall) = (across * scale).toInt() to (down * scale).toInt()
    if (wide == width && tall == height) return this
    return Bitmap.createBitmap(this, (width - wide) / 2, (height - tall) / 2, wide, tall)
        .also { recycle() }
}
