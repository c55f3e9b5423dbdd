package org.facestyle.demo

import org.facestyle.core.DepthFrame
import org.facestyle.core.DepthMap
import org.facestyle.core.Latency
import org.facestyle.core.ConflatedChannel
import org.facestyle.core.YuvFrame
import org.facestyle.core.YuvToRgb

/**
 * Paints live frames until [close], on the thread that runs it. The newest frame wins: what comes
 * while one is painted replaces what waits. Nothing is allocated per frame.
 *
 * @param stylizer of that thread: a GPU's delegate works on no other.
 * @param show called on the loop's thread with a photo and its painting, both the loop's own again
 *   when it returns.
 * @param failed called once, on the loop's thread, when the model gives up.
 */
class PaintLoop(
    private val stylizer: Stylizer,
    private val show: (photo: IntArray, painted: IntArray) -> Unit,
    private val failed: (Exception) -> Unit,
) : Runnable,
    AutoCloseable {
    /** What to paint from the next frame on. */
    @Volatile var look: Look? = null

    /** The model alone, from the camera's frame to the shown picture, and from one to the next. */
    val inference = Latency()
    val endToEnd = Latency()
    val intervals = Latency()

    private class Frame(size: Int) {
        val argb = IntArray(size)
        val far = FloatArray(size)
        var hasDepth = false
        var nanos = 0L
    }

    private val size = stylizer.width * stylizer.height
    private val channel = ConflatedChannel(Frame(size), Frame(size), Frame(size))
    private val painted = IntArray(size)

    private val lock = Any()
    private var closed = false
    private var lastShown = 0L

    /** What the camera's thread hands over; kept, because a lambda that captures is allocated. */
    private class Offer(private val toRgb: YuvToRgb, private val toFar: DepthMap) :
        (Frame) -> Unit {
        lateinit var frame: YuvFrame
        var depth: DepthFrame? = null
        var rotation = 0
        var mirror = false
        var nanos = 0L

        override fun invoke(to: Frame) {
            toRgb.convert(frame, rotation, mirror, to.argb)
            depth?.let { toFar.convert(it, rotation, mirror, to.far) }
            to.hasDepth = depth != null
            to.nanos = nanos
        }
    }

    private val toFar = DepthMap(stylizer.width, stylizer.height)
    private val offer = Offer(YuvToRgb(stylizer.width, stylizer.height), toFar)

    /** As [Stylizer.paint] takes it; on the thread that offers frames. */
    fun farOf(depth: DepthFrame, rotation: Int, mirror: Boolean): FloatArray =
        FloatArray(size).also { toFar.convert(depth, rotation, mirror, it) }

    /** Takes a frame; always on the same thread, the camera's. */
    fun offer(
        frame: YuvFrame,
        depth: DepthFrame?,
        rotation: Int,
        mirror: Boolean,
        nanos: Long,
    ) {
        offer.frame = frame
        offer.depth = depth.takeIf { stylizer.takesDepth && look?.keepsNear == true }
        offer.rotation = rotation
        offer.mirror = mirror
        offer.nanos = nanos
        channel.write(offer)
    }

    /** Nothing is shown any more; its thread is free in a moment. */
    override fun close() = synchronized(lock) { closed = true }

    private fun isClosed() = synchronized(lock) { closed }

    override fun run() {
        while (!isClosed()) {
            val frame = channel.take(WAIT_MILLIS) ?: continue
            val wanted = look ?: continue
            try {
                stylizer.paint(frame.argb, wanted, painted, frame.far.takeIf { frame.hasDepth })
            } catch (error: RuntimeException) {
                // The runtime's errors have no common type; without a model there is no loop.
                failed(error)
                return
            }
            synchronized(lock) {
                if (closed) return
                show(frame.argb, painted)
            }
            count(frame)
        }
    }

    private fun count(frame: Frame) {
        val now = System.nanoTime()
        inference.add(stylizer.inferenceNanos)
        endToEnd.add(now - frame.nanos)
        if (lastShown != 0L) intervals.add(now - lastShown)
        lastShown = now
    }

    private companion object {
        const val WAIT_MILLIS = 100L
    }
}
