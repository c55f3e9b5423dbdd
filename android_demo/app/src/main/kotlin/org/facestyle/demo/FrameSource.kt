package org.facestyle.demo

import org.facestyle.core.DepthFrame
import org.facestyle.core.YuvFrame

/** Where live frames come from: the camera, or in tests a clip. */
interface FrameSource {
    /** Whether it looks at whoever holds the phone, if it can; set only while stopped. */
    var front: Boolean

    /** Whether there is one for both values of [front]. */
    val canTurn: Boolean

    /** Whether frames come with their depth. */
    val givesDepth: Boolean

    /**
     * Delivers frames on a thread of its own until [stop].
     *
     * @param listener called from that thread; a frame is only valid until it returns.
     */
    fun start(listener: Listener)

    /** Stops; no frame is delivered after it returns. */
    fun stop()

    /**
     * Takes a photo in full resolution, of what the frames show.
     *
     * @param taken called once, on the source's thread, if frames go on; null where there is none
     *   to be had, and the next frame must do.
     */
    fun takeStill(taken: (Still?) -> Unit)

    /**
     * A photo.
     *
     * @property jpeg a whole file, as the sensor sees it.
     * @property rotation degrees clockwise that make it upright on the screen.
     * @property mirror whether it is to be mirrored after that.
     */
    class Still(val jpeg: ByteArray, val rotation: Int, val mirror: Boolean)

    interface Listener {
        /**
         * @param depth of the same view, as new as there is; null where it is not known.
         * @param rotation degrees clockwise that make it upright on the screen.
         * @param mirror whether it is to be mirrored after that, as selfies are.
         * @param nanos when it was taken, [System.nanoTime].
         */
        fun onFrame(
            frame: YuvFrame,
            depth: DepthFrame?,
            rotation: Int,
            mirror: Boolean,
            nanos: Long,
        )

        /** Frames have ended. */
        fun onFailure(failure: SourceFailure)
    }
}

/** Why there are no frames. */
sealed interface SourceFailure {
    data object NoCamera : SourceFailure

    data object InUse : SourceFailure

    data class Other(val reason: String) : SourceFailure
}
