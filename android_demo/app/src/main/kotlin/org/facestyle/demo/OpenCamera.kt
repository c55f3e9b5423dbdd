package org.facestyle.demo

import android.annotation.SuppressLint
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureFailure
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.os.SystemClock
import android.util.Size
import android.view.Display
import org.facestyle.core.DepthFrame
import org.facestyle.core.YuvFrame
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * One camera from [open] to [close], on a thread of its own: frames, photos, and depth where there
 * is any. A phone that cannot give all three at once gives the first two, or the first.
 */
internal class OpenCamera(
    private val manager: CameraManager,
    private val features: CameraFeatures,
    private val display: () -> Display?,
    private val listener: FrameSource.Listener,
) {
    private val thread = HandlerThread("camera").apply { start() }
    private val handler = Handler(thread.looper)
    private val frames = reader(features.frameSize, ImageFormat.YUV_420_888)
    private val stills = features.stillSize?.let { reader(it, ImageFormat.JPEG, images = 1) }
    private val depths = features.depthSize?.let { reader(it, ImageFormat.DEPTH16) }
    private val frame = YuvFrame(0, 0, plane(), plane(), plane())
    private val depth = DepthFrame(0, 0, ByteBuffer.allocate(0), 0)
    private var device: CameraDevice? = null
    private var opening = false
    private var session: CameraCaptureSession? = null

    /** The readers that the session took, frames first. */
    private var used = emptyList<ImageReader>()
    private var depthImage: Image? = null
    private var whenTaken: ((FrameSource.Still?) -> Unit)? = null

    @Volatile private var closed = false

    /** Whether depth may come; a phone can still refuse it. */
    val givesDepth: Boolean get() = depths != null

    @SuppressLint("MissingPermission")
    fun open() {
        frames.setOnImageAvailableListener({ deliver() }, handler)
        stills?.setOnImageAvailableListener({ deliverStill(it) }, handler)
        handler.post {
            try {
                manager.openCamera(features.id, deviceCallback, handler)
                opening = true
            } catch (error: CameraAccessException) {
                fail(failureOf(error))
            } catch (error: SecurityException) {
                fail(SourceFailure.Other(error.message ?: "not allowed"))
            }
        }
    }

    /** Waits until the camera is free: the next one may be the same. */
    fun close() {
        closed = true
        // One that is being opened can only be closed once it is.
        handler.post { if (!opening) release() }
        thread.join(CLOSE_MILLIS)
    }

    private fun release() {
        device?.close()
        depthImage?.close()
        for (reader in listOfNotNull(frames, stills, depths)) reader.close()
        thread.quitSafely()
    }

    /** As [FrameSource.takeStill]. */
    fun takeStill(then: (FrameSource.Still?) -> Unit) {
        handler.post {
            val running = session
            if (running == null || stills == null || stills !in used) {
                then(null)
                return@post
            }
            whenTaken = then
            // The sensor's own orientation, as for frames: turned with them, whatever the phone.
            val began = attempt {
                val request = request(running, CameraDevice.TEMPLATE_STILL_CAPTURE, stills)
                request.set(CaptureRequest.JPEG_ORIENTATION, 0)
                request.set(CaptureRequest.JPEG_QUALITY, JPEG_QUALITY)
                running.capture(request.build(), stillCallback, handler)
            }
            if (!began) tell(null)
        }
    }

    private fun configure(readers: List<ImageReader>) {
        val camera = device ?: return
        used = readers
        attempt {
            // Deprecated from API 30 on, and the only way below 28.
            @Suppress("DEPRECATION")
            camera.createCaptureSession(readers.map { it.surface }, sessionCallback, handler)
        }
    }

    private fun request(of: CameraCaptureSession, template: Int, vararg into: ImageReader) =
        of.device.createCaptureRequest(template).apply {
            for (reader in into) addTarget(reader.surface)
        }

    private fun deliver() {
        // Only the newest: what the camera took meanwhile is out of date.
        val image = frames.acquireLatestImage() ?: return
        try {
            if (closed) return
            val rotation = features.rotation(display()?.rotation)
            listener.onFrame(
                frame.of(image),
                newestDepth(),
                rotation,
                features.front,
                takenAt(image),
            )
        } finally {
            image.close()
        }
    }

    /** By the clock of [System.nanoTime]; when it came, where the camera does not know better. */
    private fun takenAt(image: Image): Long {
        val age = SystemClock.elapsedRealtimeNanos() - image.timestamp
        return System.nanoTime() - if (features.knowsTime) age else 0
    }

    /** Depth may come less often than frames: the last one is kept until there is another. */
    private fun newestDepth(): DepthFrame? {
        val reader = depths?.takeIf { it in used } ?: return null
        reader.acquireLatestImage()?.let {
            depthImage?.close()
            depthImage = it
        }
        return depthImage?.let { depth.of(it) }
    }

    private fun deliverStill(reader: ImageReader) {
        val image = reader.acquireNextImage() ?: return
        val jpeg = image.use { shot ->
            shot.planes[0].buffer.let { ByteArray(it.remaining()).also(it::get) }
        }
        val rotation = features.rotation(display()?.rotation)
        tell(FrameSource.Still(jpeg, rotation, features.front))
    }

    private fun tell(still: FrameSource.Still?) {
        val waiting = whenTaken
        whenTaken = null
        if (!closed) waiting?.invoke(still)
    }

    private val deviceCallback = object : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            opening = false
            device = camera
            if (closed) release() else configure(listOfNotNull(frames, stills, depths))
        }

        override fun onDisconnected(camera: CameraDevice) = lost(camera, SourceFailure.InUse)

        override fun onError(camera: CameraDevice, error: Int) {
            val inUse = error == ERROR_CAMERA_IN_USE || error == ERROR_MAX_CAMERAS_IN_USE
            lost(camera, if (inUse) SourceFailure.InUse else SourceFailure.Other("$error"))
        }

        private fun lost(camera: CameraDevice, failure: SourceFailure) {
            opening = false
            camera.close()
            if (closed) release() else fail(failure)
        }
    }

    private val sessionCallback = object : CameraCaptureSession.StateCallback() {
        override fun onConfigured(configured: CameraCaptureSession) {
            if (closed) return
            session = configured
            attempt {
                val live = used.filter { it != stills }.toTypedArray()
                val request = request(configured, CameraDevice.TEMPLATE_PREVIEW, *live)
                features.frameRate?.let {
                    request.set(CaptureRequest.CONTROL_AE_TARGET_FPS_RANGE, it)
                }
                configured.setRepeatingRequest(request.build(), null, handler)
            }
        }

        override fun onConfigureFailed(refused: CameraCaptureSession) =
            if (used.size > 1) {
                configure(used.dropLast(1))
            } else {
                fail(SourceFailure.Other("its session was refused"))
            }
    }

    private val stillCallback = object : CameraCaptureSession.CaptureCallback() {
        override fun onCaptureFailed(
            session: CameraCaptureSession,
            request: CaptureRequest,
            failure: CaptureFailure,
        ) = tell(null)
    }

    /** Whether something that the camera may refuse went well; if not, the failure is told. */
    private fun attempt(what: () -> Unit): Boolean = try {
        what()
        true
    } catch (error: CameraAccessException) {
        fail(failureOf(error))
        false
    } catch (error: IllegalStateException) {
        fail(SourceFailure.Other(error.message ?: "closed"))
        false
    }

    private fun fail(failure: SourceFailure) {
        if (!closed) listener.onFailure(failure)
    }

    private companion object {
        const val CLOSE_MILLIS = 2_000L
        const val JPEG_QUALITY: Byte = 95

        /** One is looked at, one kept, one filled. */
        const val IMAGES = 3

        fun reader(size: Size, format: Int, images: Int = IMAGES): ImageReader =
            ImageReader.newInstance(size.width, size.height, format, images)

        fun failureOf(error: CameraAccessException): SourceFailure = when (error.reason) {
            CameraAccessException.CAMERA_IN_USE, CameraAccessException.MAX_CAMERAS_IN_USE ->
                SourceFailure.InUse
            else -> SourceFailure.Other("${error.reason}")
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

        fun DepthFrame.of(image: Image): DepthFrame {
            width = image.width
            height = image.height
            val plane = image.planes[0]
            // A new view each time it is asked for; its order is not always the processor's.
            buffer = plane.buffer.order(ByteOrder.nativeOrder())
            rowStride = plane.rowStride
            return this
        }
    }
}
