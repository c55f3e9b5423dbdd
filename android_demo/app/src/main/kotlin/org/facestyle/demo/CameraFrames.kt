package org.facestyle.demo

import android.content.Context
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraManager
import android.view.Display

/** Frames of a Camera2 camera, the front one first. The camera permission is the caller's. */
class CameraFrames(context: Context, private val display: () -> Display?) : FrameSource {
    private val manager = context.getSystemService(CameraManager::class.java)
    private var known: List<CameraFeatures>? = null
    private var opened: OpenCamera? = null

    override var front = true
        set(value) {
            check(opened == null) { "turned while running" }
            field = value
        }

    override val canTurn: Boolean
        get() = cameras().let { all -> all.any { it.front } && all.any { !it.front } }

    override val givesDepth: Boolean
        get() = opened?.givesDepth ?: false

    /** The one that is opened next; null where there is none. */
    internal val chosen: CameraFeatures?
        get() = cameras().let { all -> all.find { it.front == front } ?: all.firstOrNull() }

    override fun start(listener: FrameSource.Listener) {
        stop()
        val camera = chosen
        if (camera == null) {
            // Where they could not be listed, they may be the next time.
            val none = known?.isEmpty() ?: false
            listener.onFailure(if (none) SourceFailure.NoCamera else SourceFailure.InUse)
            return
        }
        opened = OpenCamera(manager, camera, display, listener).also { it.open() }
    }

    override fun stop() {
        opened?.close()
        opened = null
    }

    override fun takeStill(taken: (FrameSource.Still?) -> Unit) {
        opened?.takeStill(taken)
    }

    /** Those that give pictures: not external ones, nor depth sensors alone. */
    private fun cameras(): List<CameraFeatures> = known ?: try {
        manager.cameraIdList.map { CameraFeatures(it, manager.getCameraCharacteristics(it)) }
            .filter { it.givesPictures }.also { known = it }
    } catch (_: CameraAccessException) {
        emptyList()
    } catch (_: IllegalArgumentException) {
        // One went away meanwhile.
        emptyList()
    }
}
