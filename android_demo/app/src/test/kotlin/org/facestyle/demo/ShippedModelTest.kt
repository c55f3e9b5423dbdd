package org.facestyle.demo

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.net.Uri
import android.view.View
import android.view.ViewGroup
import org.facestyle.core.psnr
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowDialog
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.File

/**
 * The APK's own native library with the APK's own models, on the screen.
 *
 * Only where `build.py test --native` has put the library in place.
 */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = "w400dp-h800dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class ShippedModelTest {
    private val clip = ClipFrames(Screen.clip())

    @Before
    fun needsTheLibrary() {
        val path = System.getProperty("java.library.path").orEmpty().split(File.pathSeparator)
        assumeTrue(path.any { File(it, "libtensorflowlite_jni.so").exists() })
    }

    private fun open() = Screen(clip, InterpreterEngine)

    @Test
    fun `the golden pair is right`() = open().use { screen ->
        val studio = (screen.activity.application as DemoApplication).studio
        studio.stylizer(Processor.cpu(2)).use { stylizer ->
            val verdict = GoldenCheck(studio).check(stylizer)
            assertTrue("${verdict.psnrDb} dB", verdict.right && verdict.psnrDb >= 45)
        }
        assertEquals(View.GONE, screen.find<View>(R.id.message).visibility)
    }

    @Test
    fun `the style encoder reads a painting as PyTorch does`() = open().use { screen ->
        val studio = (screen.activity.application as DemoApplication).studio
        val (pair, limit) = studio.files.golden.of(studio.chosen("style_encoder").file)
        val painting = rgbToArgb(studio.files.bytes("golden/${pair.inputs.single().raw}"))
        val code = studio.styleReader().use { it.read(painting) }
        val wanted = pair.output.floats(studio.files.bytes("golden/${pair.output.raw}"))
        val found = psnr(code, wanted, pair.peak)
        assertTrue("$found dB", found >= limit.leastPsnrDb)
    }

    @Test
    fun `live, with times`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find<ViewGroup>(R.id.strip).getChildAt(3))
        screen.tap(screen.find(R.id.settings))
        ShadowDialog.getLatestDialog().findViewById<View>(R.id.show_times).performClick()
        ShadowDialog.getLatestDialog().dismiss()
        screen.awaitFrames(20)
        screen.screenshot("live")
    }

    @Test
    @Config(qualifiers = "w400dp-h800dp-night-xhdpi")
    fun `two styles mixed, dark`() = open().use { screen ->
        screen.awaitPicture()
        val strip = screen.find<ViewGroup>(R.id.strip)
        screen.tap(strip.getChildAt(1))
        screen.tap(screen.find(R.id.mix))
        screen.tap(strip.getChildAt(2))
        screen.awaitFrames(20)
        screen.screenshot("mixed_dark")
    }

    @Test
    @Config(qualifiers = "w800dp-h400dp-land-xhdpi")
    fun `a photo, landscape`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.photo))
        val photo = ByteArrayOutputStream()
        Screen.portrait().compress(Bitmap.CompressFormat.JPEG, 92, photo)
        val uri = Uri.parse("content://pictures/portrait")
        val resolver = shadowOf(screen.activity.contentResolver)
        resolver.registerInputStreamSupplier(uri) { ByteArrayInputStream(photo.toByteArray()) }
        val asked = shadowOf(screen.activity).nextStartedActivityForResult
        val answer = Intent().setData(uri)
        shadowOf(screen.activity).receiveResult(asked.intent, Activity.RESULT_OK, answer)
        screen.await("the photo") { screen.find<View>(R.id.save).isEnabled }
        screen.awaitPicture()
        screen.screenshot("photo_landscape")
    }

    @Test
    @Config(qualifiers = "de-w400dp-h800dp-xhdpi", fontScale = 1.5f)
    fun `German, large letters`() = open().use { screen ->
        screen.awaitPicture()
        screen.screenshot("german_large")
    }

    @Test
    @Config(qualifiers = "ar-ldrtl-w400dp-h800dp-xhdpi")
    fun `from right to left`() = open().use { screen ->
        screen.awaitPicture()
        screen.screenshot("right_to_left")
    }

    @Test
    fun `no camera`() {
        clip.failure = SourceFailure.NoCamera
        open().use { screen ->
            screen.await("the message") { screen.find<View>(R.id.message).isShown }
            screen.screenshot("no_camera")
        }
    }

    @Test
    fun `permission`() = Screen(clip, InterpreterEngine, camera = false).use { screen ->
        assertEquals(
            RuntimeEnvironment.getApplication().getString(R.string.allow_camera),
            screen.text(R.id.message_text),
        )
        screen.screenshot("permission")
    }
}

/** Bytes R G B of each pixel, as golden pairs have them, as opaque ARGB. */
internal fun rgbToArgb(rgb: ByteArray) = IntArray(rgb.size / 3) {
    val at = 3 * it
    fun channel(offset: Int) = rgb[at + offset].toInt() and 0xFF
    (0xFF shl 24) or (channel(0) shl 16) or (channel(1) shl 8) or channel(2)
}
