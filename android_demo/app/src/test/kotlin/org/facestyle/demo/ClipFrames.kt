package org.facestyle.demo

import android.graphics.Bitmap
import org.facestyle.core.DepthFrame
import org.facestyle.core.YuvFrame
import java.nio.ByteBuffer

/**
 * A [FrameSource] that plays frames in a loop, as a camera would deliver them.
 *
 * @param depth that comes along with each of them.
 * @param rotation that makes them upright.
 * @param mirror whether they are to be mirrored then.
 */
class ClipFrames(
    private val frames: List<YuvFrame>,
    override val canTurn: Boolean = true,
    private val depth: DepthFrame? = null,
    private val rotation: Int = 0,
    private val mirror: Boolean = false,
) : FrameSource {
    override val givesDepth = depth != null

    /** What [takeStill] gives; frames must do where it is null. */
    var still: FrameSource.Still? = null

    /** Whether it does not even say that there is none. */
    var mute = false

    @Volatile private var thread: Thread? = null

    /** Whether frames are being played. */
    val running: Boolean get() = thread != null

    /** What [start] fails with, if anything. */
    var failure: SourceFailure? = null

    override var front = true

    /** How often [start] was called. */
    var starts = 0
        private set

    override fun start(listener: FrameSource.Listener) {
        starts++
        failure?.let {
            listener.onFailure(it)
            return
        }
        val playing = Thread({
            var index = 0
            while (thread === Thread.currentThread()) {
                listener.onFrame(
                    frames[index++ % frames.size],
                    depth,
                    rotation,
                    mirror,
                    System.nanoTime(),
                )
                Thread.sleep(FRAME_MILLIS)
            }
        }, "clip")
        // It looks for itself there.
        thread = playing
        playing.start()
    }

    override fun stop() {
        val running = thread
        thread = null
        running?.join()
    }

    override fun takeStill(taken: (FrameSource.Still?) -> Unit) {
        if (!mute) taken(still)
    }

    companion object {
        private const val FRAME_MILLIS = 30L

        /** All of Y, then U, then V; sides must be even. */
        fun i420(bytes: ByteArray, width: Int, height: Int): YuvFrame {
            fun plane(from: Int, step: Int): YuvFrame.Plane {
                val size = width / step * (height / step)
                val buffer = ByteBuffer.allocateDirect(size).put(bytes, from, size)
                return YuvFrame.Plane(buffer, width / step, 1)
            }
            val luma = width * height
            return YuvFrame(width, height, plane(0, 1), plane(luma, 2), plane(luma * 5 / 4, 2))
        }

        /** A picture in YUV_420_888, BT.601 full range; sides must be even. */
        fun yuv(picture: Bitmap): YuvFrame {
            val (width, height) = picture.width to picture.height
            val pixels = picture.pixels()
            fun plane(step: Int, value: (Double, Double, Double) -> Double) =
                ByteBuffer.allocateDirect(width / step * (height / step)).apply {
                    for (y in 0 until height step step) {
                        for (x in 0 until width step step) {
                            val pixel = pixels[y * width + x]
                            val red = (pixel shr 16 and 0xFF).toDouble()
                            val green = (pixel shr 8 and 0xFF).toDouble()
                            val blue = (pixel and 0xFF).toDouble()
                            put(Math.round(value(red, green, blue)).coerceIn(0, 255).toByte())
                        }
                    }
                    rewind()
                }
            val y = plane(1) { r, g, b -> 0.299 * r + 0.587 * g + 0.114 * b }
            val u = plane(2) { r, g, b -> 128 - 0.168736 * r - 0.331264 * g + 0.5 * b }
            val v = plane(2) { r, g, b -> 128 + 0.5 * r - 0.418688 * g - 0.081312 * b }
            return YuvFrame(
                width,
                height,
                YuvFrame.Plane(y, width, 1),
                YuvFrame.Plane(u, width / 2, 1),
                YuvFrame.Plane(
                    v,
                    width / 2,
                    1,
                ),
            )
        }
    }
}
