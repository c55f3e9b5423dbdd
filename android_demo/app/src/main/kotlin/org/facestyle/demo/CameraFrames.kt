package org.facestyle.demo

import android.content.Context
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraManager
import android.view.Display

/** Frames of a Camera2 camera, the front one first. The camera permission is the caller's. */
class CameraFrames(
    context: Context,
    private val display: () -> Display?,
    private var front: Boolean = true,
) : FrameSource {
    private val manager = context.getSystemService(CameraManager::class.java)
    private var opened: OpenCamera? = null

    override val canTurn: Boolean
        get() = all().let { cameras -> cameras.any { it.front } && cameras.any { !it.front } }

    override val givesDepth: Boolean
        get() = opened?.givesDepth ?: false

    override fun turn() {
        check(opened == null) { "turned while running" }
        front = !front
    }

    override fun start(listener: FrameSource.Listener) {
        stop()
        val cameras = all()
        val camera = cameras.find { it.front == front } ?: cameras.firstOrNull()
        if (camera == null) {
            listener.onFailure(SourceFailure.NoCamera)
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

    /** Those that look one way and give pictures: not external ones, nor depth sensors alone. */
    private fun all(): List<CameraFeatures> = try {
        manager.cameraIdList.map { CameraFeatures(it, manager.getCameraCharacteristics(it)) }
            .filter { it.givesPictures }
    } catch (_: CameraAccessException) {
        emptyList()
    }
}
