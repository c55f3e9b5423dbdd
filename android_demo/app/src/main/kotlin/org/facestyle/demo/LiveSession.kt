package org.facestyle.demo

import android.graphics.Bitmap
import org.facestyle.core.DepthFrame
import org.facestyle.core.DepthMap
import org.facestyle.core.YuvFrame
import org.facestyle.core.YuvToRgb
import java.util.concurrent.atomic.AtomicReference

/**
 * Live painting: frames of a source through a [PaintLoop] to a view.
 *
 * @param stylizer this session's alone until [close].
 */
class LiveSession(
    private val source: FrameSource,
    private val stylizer: Stylizer,
    view: PaintedView,
    private val failed: (SourceFailure) -> Unit,
    modelFailed: (Exception) -> Unit,
) : AutoCloseable {
    private val loop = PaintLoop(
        stylizer,
        show = { photo, painted -> view.show(photo, painted, stylizer.width, stylizer.height) },
        failed = modelFailed,
    )
    private val wanted = AtomicReference<Wanted?>()

    val inference get() = loop.inference
    val endToEnd get() = loop.endToEnd

    /**
     * What the camera saw, larger than it is painted live.
     *
     * @property far as [Stylizer.paint] takes it.
     */
    class Snapshot(val far: FloatArray?, private val read: (Int) -> Bitmap) {
        /**
         * The part that is painted live, upright and mutable.
         *
         * @param longSide as [PhotoFile.read], and its errors.
         */
        fun picture(longSide: Int): Bitmap = read(longSide)
    }

    private class Wanted(val still: FrameSource.Still?, val taken: (Snapshot) -> Unit)

    private val listener = object : FrameSource.Listener {
        override fun onFrame(
            frame: YuvFrame,
            depth: DepthFrame?,
            rotation: Int,
            mirror: Boolean,
            nanos: Long,
        ) {
            loop.offer(frame, depth, rotation, mirror, nanos)
            wanted.getAndSet(null)?.let {
                val far = depth?.let { found -> farOf(found, rotation, mirror) }
                val read = it.still?.let(::reader) ?: reader(frame, rotation, mirror)
                it.taken(Snapshot(far, read))
            }
        }

        override fun onFailure(failure: SourceFailure) = failed(failure)
    }

    /** Begins to paint, or goes on with another [look]. */
    fun paint(look: Look) {
        loop.look = look
    }

    fun start() = source.start(listener)

    /** Gives a photo, or the next frame where there is none, to [taken], on the source's thread. */
    fun takeSnapshot(taken: (Snapshot) -> Unit) =
        source.takeStill { still -> wanted.set(Wanted(still, taken)) }

    override fun close() {
        source.stop()
        loop.close()
    }

    private fun farOf(depth: DepthFrame, rotation: Int, mirror: Boolean) =
        FloatArray(stylizer.width * stylizer.height).also {
            DepthMap(stylizer.width, stylizer.height).convert(depth, rotation, mirror, it)
        }

    private fun reader(still: FrameSource.Still): (Int) -> Bitmap = { longSide ->
        PhotoFile.of(still).read(longSide).middle(stylizer.width, stylizer.height)
    }

    /** Its pixels are copied at once: the frame is gone later. */
    private fun reader(frame: YuvFrame, rotation: Int, mirror: Boolean): (Int) -> Bitmap {
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
}

/** The largest part around its middle of so many pixels across to so many down. */
private fun Bitmap.middle(across: Int, down: Int): Bitmap {
    val scale = minOf(width.toFloat() / across, height.toFloat() / down)
    val (wide, tall) = (across * scale).toInt() to (down * scale).toInt()
    if (wide == width && tall == height) return this
    return Bitmap.createBitmap(this, (width - wide) / 2, (height - tall) / 2, wide, tall)
        .also { recycle() }
}
