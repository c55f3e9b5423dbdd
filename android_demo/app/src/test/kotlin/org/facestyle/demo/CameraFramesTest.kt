package org.facestyle.demo

import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CameraMetadata
import android.util.Size
import org.facestyle.core.DepthFrame
import org.facestyle.core.YuvFrame
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowCameraCharacteristics
import org.robolectric.shadows.StreamConfigurationMapBuilder
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** Opening and closing cameras, with those of Robolectric, which take no pictures. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class CameraFramesTest {
    private val application = RuntimeEnvironment.getApplication()
    private val manager = application.getSystemService(Context.CAMERA_SERVICE) as CameraManager
    private val frames = CameraFrames(application, display = { null })

    private class Heard : FrameSource.Listener {
        val failures = LinkedBlockingQueue<SourceFailure>()

        override fun onFrame(
            frame: YuvFrame,
            depth: DepthFrame?,
            rotation: Int,
            mirror: Boolean,
            nanos: Long,
        ) = Unit

        override fun onFailure(failure: SourceFailure) {
            failures.add(failure)
        }
    }

    private val heard = Heard()

    private fun addCamera(id: String, facing: Int) {
        val camera = ShadowCameraCharacteristics.newCameraCharacteristics()
        val streams = StreamConfigurationMapBuilder.newBuilder()
            .addOutputSize(ImageFormat.YUV_420_888, Size(640, 480)).build()
        shadowOf(camera).set(CameraCharacteristics.LENS_FACING, facing)
        shadowOf(camera).set(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP, streams)
        shadowOf(manager).addCamera(id, camera)
    }

    @Test
    fun `without a camera it says so`() {
        frames.start(heard)
        assertEquals(SourceFailure.NoCamera, heard.failures.poll())
        assertFalse(frames.canTurn)
        frames.stop()
    }

    @Test
    fun `the front one comes first, and the other one when turned`() {
        addCamera("0", CameraMetadata.LENS_FACING_BACK)
        addCamera("1", CameraMetadata.LENS_FACING_FRONT)
        assertEquals("1", frames.chosen?.id)
        frames.front = false
        assertEquals("0", frames.chosen?.id)
        frames.start(heard)
        assertThrows(IllegalStateException::class.java) { frames.front = true }
        frames.stop()
    }

    @Test
    fun `a phone with one camera uses that`() {
        addCamera("0", CameraMetadata.LENS_FACING_BACK)
        assertEquals("0", frames.chosen?.id)
    }

    @Test
    fun `two cameras can be turned, one cannot`() {
        addCamera("0", CameraMetadata.LENS_FACING_BACK)
        assertFalse(CameraFrames(application, display = { null }).canTurn)
        addCamera("1", CameraMetadata.LENS_FACING_FRONT)
        assertTrue(frames.canTurn)
    }

    @Test
    fun `it opens, and is free again when stopped`() {
        addCamera("1", CameraMetadata.LENS_FACING_FRONT)
        repeat(3) {
            frames.start(heard)
            assertFalse(frames.givesDepth)
            val asked = CountDownLatch(1)
            var still: FrameSource.Still? = null
            frames.takeStill {
                still = it
                asked.countDown()
            }
            assertTrue(asked.await(5, TimeUnit.SECONDS))
            // This camera has no photos.
            assertNull(still)
            frames.stop()
        }
        assertNull(heard.failures.poll())
        assertFalse(Thread.getAllStackTraces().keys.any { it.name == "camera" })
    }

    @Test
    fun `that another app has taken it is told`() {
        addCamera("0", CameraMetadata.LENS_FACING_BACK)
        frames.start(heard)
        // Only an opened one can be taken away.
        val opened = CountDownLatch(1)
        frames.takeStill { opened.countDown() }
        assertTrue(opened.await(5, TimeUnit.SECONDS))
        shadowOf(manager).triggerDisconnect()
        assertEquals(SourceFailure.InUse, heard.failures.poll(5, TimeUnit.SECONDS))
        frames.stop()
    }
}
