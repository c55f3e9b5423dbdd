package org.facestyle.demo

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
    stylizer: Stylizer,
    view: PaintedView,
    private val failed: (SourceFailure) -> Unit,
    modelFailed: (Exception) -> Unit,
) : AutoCloseable {
    private val loop = PaintLoop(
        stylizer,
        show = { photo, painted -> view.show(photo, painted, stylizer.width, stylizer.height) },
        failed = modelFailed,
    )
    private val snapshot = AtomicReference<((Snapshot) -> Unit)?>()

    val inference get() = loop.inference
    val endToEnd get() = loop.endToEnd

    /** A frame in its own resolution: ARGB, a square of [side] pixels. */
    class Snapshot(val argb: IntArray, val side: Int)

    private val listener = object : FrameSource.Listener {
        override fun onFrame(frame: YuvFrame, rotation: Int, mirror: Boolean, nanos: Long) {
            loop.offer(frame, rotation, mirror, nanos)
            snapshot.getAndSet(null)?.let { taken ->
                val side = minOf(frame.width, frame.height)
                val argb = IntArray(side * side)
                YuvToRgb(side, side).convert(frame, rotation, mirror, argb)
                taken(Snapshot(argb, side))
            }
        }

        override fun onFailure(failure: SourceFailure) = failed(failure)
    }

    /** Begins to paint, or goes on with another [look]. */
    fun paint(look: Look) {
        loop.look = look
    }

    fun start() = source.start(listener)

    /** Gives the next frame to [taken], on the source's thread. */
    fun takeSnapshot(taken: (Snapshot) -> Unit) = snapshot.set(taken)

    override fun close() {
        source.stop()
        loop.close()
    }
}
