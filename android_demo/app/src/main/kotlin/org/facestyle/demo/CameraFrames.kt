package org.facestyle.demo

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.util.Range
import android.util.Size
import android.view.Display
import android.view.Surface
import org.facestyle.core.YuvFrame
import java.nio.ByteBuffer

/** Frames of a Camera2 camera, the front one first. The camera permission is the caller's. */
class CameraFrames(
    context: Context,
    private val display: () -> Display?,
    private var front: Boolean = true,
) : FrameSource {
    private val manager = context.getSystemService(CameraManager::class.java)
    private var running: Running? = null

    override val canTurn: Boolean
        get() = idOf(front = true) != null && idOf(front = false) != null

    override fun turn() {
        check(running == null) { "turned while running" }
        front = !front
    }

    override fun start(listener: FrameSource.Listener) {
        stop()
        val id = idOf(front) ?: idOf(!front)
        if (id == null) {
            listener.onFailure(SourceFailure.NoCamera)
            return
        }
        running = Running(id, listener).also { it.open() }
    }

    override fun stop() {
        running?.close()
        running = null
    }

    private fun idOf(front: Boolean): String? {
        val wanted = CameraCharacteristics.LENS_FACING_FRONT.takeIf { front }
            ?: CameraCharacteristics.LENS_FACING_BACK
        return try {
            manager.cameraIdList.firstOrNull {
                manager.getCameraCharacteristics(it).get(CameraCharacteristics.LENS_FACING) ==
                    wanted
            }
        } catch (_: CameraAccessException) {
            null
        }
    }

    /** One opened camera, on its own thread. */
    private inner class Running(
        private val id: String,
        private val listener: FrameSource.Listener,
    ) {
        private val thread = HandlerThread("camera").apply { start() }
        private val handler = Handler(thread.looper)
        private val features = manager.getCameraCharacteristics(id)
        private val mirrored =
            features.get(CameraCharacteristics.LENS_FACING) ==
                CameraCharacteristics.LENS_FACING_FRONT
        private val reader = chooseSize(features).let {
            ImageReader.newInstance(it.width, it.height, ImageFormat.YUV_420_888, IMAGES)
        }
        private val frame = YuvFrame(0, 0, plane(), plane(), plane())
        private var device: CameraDevice? = null

        @Volatile private var closed = false

        @SuppressLint("MissingPermission")
        fun open() {
            reader.setOnImageAvailableListener({ deliver() }, handler)
            try {
                manager.openCamera(id, deviceCallback, handler)
            } catch (error: CameraAccessException) {
                fail(failureOf(error.reason))
            } catch (error: SecurityException) {
                fail(SourceFailure.Other(error.message ?: "not allowed"))
            }
        }

        fun close() {
            closed = true
            handler.post {
                device?.close()
                reader.close()
                thread.quitSafely()
            }
            thread.join(CLOSE_MILLIS)
        }

        private fun fail(failure: SourceFailure) {
            if (!closed) listener.onFailure(failure)
        }

        private fun deliver() {
            // Only the newest: what the camera took meanwhile is out of date.
            val image = reader.acquireLatestImage() ?: return
            try {
                if (!closed) {
                    listener.onFrame(
                        frame.of(image),
                        rotation(),
                        mirrored,
                        System.nanoTime(),
                    )
                }
            } finally {
                image.close()
            }
        }

        private fun rotation(): Int {
            val sensor = features.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0
            val turned = when (display()?.rotation) {
                Surface.ROTATION_90 -> 90
                Surface.ROTATION_180 -> 180
                Surface.ROTATION_270 -> 270
                else -> 0
            }
            return if (mirrored) (sensor + turned) % 360 else (sensor - turned + 360) % 360
        }

        private val deviceCallback = object : CameraDevice.StateCallback() {
            override fun onOpened(camera: CameraDevice) {
                device = camera
                if (closed) return
                try {
                    // Deprecated from API 30 on, and the only way below 28.
                    @Suppress("DEPRECATION")
                    camera.createCaptureSession(listOf(reader.surface), sessionCallback, handler)
                } catch (error: CameraAccessException) {
                    fail(failureOf(error.reason))
                }
            }

            override fun onDisconnected(camera: CameraDevice) {
                camera.close()
                fail(SourceFailure.InUse)
            }

            override fun onError(camera: CameraDevice, error: Int) {
                camera.close()
                fail(
                    if (error ==
                        ERROR_CAMERA_IN_USE
                    ) {
                        SourceFailure.InUse
                    } else {
                        SourceFailure.Other("$error")
                    },
                )
            }
        }

        private val sessionCallback = object : CameraCaptureSession.StateCallback() {
            override fun onConfigured(session: CameraCaptureSession) {
                val camera = device
                if (closed || camera == null) return
                try {
                    val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW).apply {
                        addTarget(reader.surface)
                        fastest()?.let { set(CaptureRequest.CONTROL_AE_TARGET_FPS_RANGE, it) }
                    }
                    session.setRepeatingRequest(request.build(), null, handler)
                } catch (error: CameraAccessException) {
                    fail(failureOf(error.reason))
                } catch (error: IllegalStateException) {
                    fail(SourceFailure.Other(error.message ?: "closed"))
                }
            }

            override fun onConfigureFailed(session: CameraCaptureSession) {
                fail(SourceFailure.Other("its session was refused"))
            }
        }

        private fun fastest(): Range<Int>? =
            features.get(CameraCharacteristics.CONTROL_AE_AVAILABLE_TARGET_FPS_RANGES)
                ?.filter { it.upper <= FRAMES_PER_SECOND }
                ?.maxWithOrNull(compareBy({ it.upper }, { it.lower }))
    }

    private companion object {
        const val IMAGES = 2
        const val FRAMES_PER_SECOND = 30
        const val CLOSE_MILLIS = 2_000L

        /** The model sees 256 x 256: less than VGA would be blurred, more is thrown away. */
        const val SHORT_SIDE = 480

        fun chooseSize(features: CameraCharacteristics): Size {
            val sizes = features.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
                ?.getOutputSizes(ImageFormat.YUV_420_888).orEmpty()
            return sizes.filter { minOf(it.width, it.height) >= SHORT_SIDE }
                .minByOrNull { it.width * it.height }
                ?: sizes.maxByOrNull { it.width * it.height }
                ?: Size(640, SHORT_SIDE)
        }

        fun failureOf(reason: Int): SourceFailure = when (reason) {
            CameraAccessException.CAMERA_IN_USE, CameraAccessException.MAX_CAMERAS_IN_USE ->
                SourceFailure.InUse
            else -> SourceFailure.Other("$reason")
        }

        fun plane() = YuvFrame.Plane(ByteBuffer.allocate(0), 0, 0)

        fun YuvFrame.of(image: Image): YuvFrame {
            width = image.width
            height = image.height
            image.planes.forEachIndexed { index, from ->
                val to = when (index) {
                    0 -> y
                    1 -> u
                    else -> v
                }
                to.buffer = from.buffer
                to.rowStride = from.rowStride
                to.pixelStride = from.pixelStride
            }
            return this
        }
    }
}
