package org.facestyle.demo

import android.graphics.ImageFormat
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraMetadata
import android.util.Range
import android.util.Size
import android.view.Surface
import kotlin.math.abs

/**
 * What a camera can do, and which of it this app uses.
 *
 * @param sizes of the pictures that it gives in a format, an [ImageFormat] constant.
 */
class CameraFeatures(
    val id: String,
    private val camera: CameraCharacteristics,
    private val sizes: (Int) -> List<Size> = { format ->
        camera.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
            ?.getOutputSizes(format).orEmpty().toList()
    },
) {
    /** Whether it looks at whoever holds the phone. */
    val front = camera.get(CameraCharacteristics.LENS_FACING) == CameraMetadata.LENS_FACING_FRONT

    private val sensor = camera.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0

    /** Whether its times are those of [android.os.SystemClock.elapsedRealtimeNanos]. */
    val knowsTime = camera.get(CameraCharacteristics.SENSOR_INFO_TIMESTAMP_SOURCE) ==
        CameraMetadata.SENSOR_INFO_TIMESTAMP_SOURCE_REALTIME

    /** Whether it is of use: it has colours, and is part of the phone. */
    val givesPictures: Boolean
        get() = sizes(ImageFormat.YUV_420_888).isNotEmpty() &&
            camera.get(CameraCharacteristics.LENS_FACING) != CameraMetadata.LENS_FACING_EXTERNAL

    /** Of the live frames. */
    val frameSize: Size
        get() {
            val all = sizes(ImageFormat.YUV_420_888)
            return all.filter { minOf(it.width, it.height) >= SHORT_SIDE }
                .minByOrNull { it.width * it.height }
                ?: all.maxBy { it.width * it.height }
        }

    /** Of photos: the largest that shows what the frames do; null where there are none. */
    val stillSize: Size?
        get() {
            val wanted = frameSize.width.toFloat() / frameSize.height
            val all = sizes(ImageFormat.JPEG).filter { it.width * it.height <= MOST_PIXELS }
            return all.maxWithOrNull(
                compareBy(
                    { -Math.round(10 * abs(it.width.toFloat() / it.height - wanted)) },
                    { it.width * it.height },
                ),
            )
        }

    /** Of the depth that comes along with frames; null where there is none. */
    val depthSize: Size?
        get() {
            // Some sensors measure either colour or depth.
            val alone = camera.get(CameraCharacteristics.DEPTH_DEPTH_IS_EXCLUSIVE) ?: false
            return sizes(ImageFormat.DEPTH16).takeUnless { alone }
                ?.maxByOrNull { it.width * it.height }
        }

    /**
     * Frames a second, up to 30, and fewer in the dark where the camera can; null for its own
     * choice.
     */
    val frameRate: Range<Int>?
        get() = camera.get(CameraCharacteristics.CONTROL_AE_AVAILABLE_TARGET_FPS_RANGES)
            ?.filter { it.upper <= FRAMES_PER_SECOND }
            ?.maxWithOrNull(compareBy({ it.upper }, { -it.lower }))

    /**
     * Degrees clockwise that make its pictures upright.
     *
     * @param display how the screen is turned, a [Surface] constant.
     */
    fun rotation(display: Int?): Int {
        val turned = when (display) {
            Surface.ROTATION_90 -> 90
            Surface.ROTATION_180 -> 180
            Surface.ROTATION_270 -> 270
            else -> 0
        }
        return if (front) (sensor + turned) % 360 else (sensor - turned + 360) % 360
    }

    private companion object {
        const val FRAMES_PER_SECOND = 30

        /** The model sees 256 x 256: less than VGA would be blurred, more is thrown away. */
        const val SHORT_SIDE = 480

        /** Of a photo: more would need much memory and shows no more of a painting. */
        const val MOST_PIXELS = 16_500_000
    }
}
