package org.facestyle.demo

import org.facestyle.core.YuvFrame

/** Where live frames come from: the camera, or in tests a clip. */
interface FrameSource {
    /** Whether there is another one to [turn] to. */
    val canTurn: Boolean

    /**
     * Delivers frames on a thread of its own until [stop].
     *
     * @param listener called from that thread; a frame is only valid until it returns.
     */
    fun start(listener: Listener)

    /** Stops; no frame is delivered after it returns. */
    fun stop()

    /** Front to back and again; only while stopped. */
    fun turn()

    interface Listener {
        /**
         * @param rotation degrees clockwise that make it upright on the screen.
         * @param mirror whether it is to be mirrored after that, as selfies are.
         * @param nanos when it was taken, [System.nanoTime].
         */
        fun onFrame(frame: YuvFrame, rotation: Int, mirror: Boolean, nanos: Long)

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
