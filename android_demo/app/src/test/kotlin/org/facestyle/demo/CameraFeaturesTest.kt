package org.facestyle.demo

import android.graphics.ImageFormat
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraMetadata
import android.util.Range
import android.util.Size
import android.view.Surface
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowCameraCharacteristics

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34])
class CameraFeaturesTest {
    private val sizes = mutableMapOf<Int, List<Size>>()
    private val told = mutableMapOf<CameraCharacteristics.Key<*>, Any>()

    private fun <T : Any> tell(key: CameraCharacteristics.Key<T>, value: T) {
        told[key] = value
    }

    private fun features(facing: Int = CameraMetadata.LENS_FACING_FRONT): CameraFeatures {
        tell(CameraCharacteristics.LENS_FACING, facing)
        val camera = ShadowCameraCharacteristics.newCameraCharacteristics()
        @Suppress("UNCHECKED_CAST") // as they were told
        for ((key, value) in told) {
            shadowOf(camera).set(key as CameraCharacteristics.Key<Any>, value)
        }
        return CameraFeatures("0", camera) { sizes[it].orEmpty() }
    }

    private fun offer(format: Int, vararg offered: Pair<Int, Int>) {
        sizes[format] = offered.map { (width, height) -> Size(width, height) }
    }

    @Test
    fun `frames are as small as the model allows`() {
        offer(ImageFormat.YUV_420_888, 4000 to 3000, 640 to 480, 1280 to 720, 320 to 240)
        assertEquals(Size(640, 480), features().frameSize)
    }

    @Test
    fun `of a poor camera they are as large as can be`() {
        offer(ImageFormat.YUV_420_888, 320 to 240, 352 to 288)
        assertEquals(Size(352, 288), features().frameSize)
    }

    @Test
    fun `photos are the largest that show what frames do`() {
        offer(ImageFormat.YUV_420_888, 640 to 480)
        offer(ImageFormat.JPEG, 640 to 480, 4032 to 3024, 4608 to 2592, 8160 to 6120)
        // Not 50 megapixels, nor the wide ones.
        assertEquals(Size(4032, 3024), features().stillSize)
    }

    @Test
    fun `depth comes with frames, not instead of them`() {
        offer(ImageFormat.YUV_420_888, 640 to 480)
        assertNull(features().depthSize)
        offer(ImageFormat.DEPTH16, 160 to 120, 240 to 180)
        assertEquals(Size(240, 180), features().depthSize)
        tell(CameraCharacteristics.DEPTH_DEPTH_IS_EXCLUSIVE, true)
        assertNull(features().depthSize)
    }

    @Test
    fun `a depth sensor alone gives no pictures`() {
        offer(ImageFormat.DEPTH16, 240 to 180)
        assertFalse(features().givesPictures)
        offer(ImageFormat.YUV_420_888, 640 to 480)
        assertTrue(features().givesPictures)
        assertFalse(features(CameraMetadata.LENS_FACING_EXTERNAL).givesPictures)
    }

    @Test
    fun `frames are fast, and fewer in the dark`() {
        offer(ImageFormat.YUV_420_888, 640 to 480)
        assertNull(features().frameRate)
        val ranges = arrayOf(Range(15, 15), Range(15, 30), Range(30, 30), Range(60, 60))
        tell(CameraCharacteristics.CONTROL_AE_AVAILABLE_TARGET_FPS_RANGES, ranges)
        assertEquals(Range(15, 30), features().frameRate)
    }

    @Test
    fun `pictures are turned upright`() {
        offer(ImageFormat.YUV_420_888, 640 to 480)
        tell(CameraCharacteristics.SENSOR_ORIENTATION, 90)
        val back = features(CameraMetadata.LENS_FACING_BACK)
        val screens = listOf(
            Surface.ROTATION_0,
            Surface.ROTATION_90,
            Surface.ROTATION_180,
            Surface.ROTATION_270,
        )
        assertEquals(listOf(90, 0, 270, 180), screens.map(back::rotation))
        tell(CameraCharacteristics.SENSOR_ORIENTATION, 270)
        assertEquals(listOf(270, 0, 90, 180), screens.map(features()::rotation))
        assertEquals(270, features().rotation(null))
    }
}
