package org.facestyle.demo

import android.Manifest
import android.app.Activity
import android.app.AlertDialog
import android.content.Intent
import android.content.pm.PackageManager
import android.content.res.Configuration
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.RadioGroup
import android.widget.SeekBar
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowDialog
import org.robolectric.shadows.ShadowToast
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream

/** What a person can do, with real touches; the model is a tint, so that its effect is known. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34], qualifiers = "w400dp-h800dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class MainActivityTest {
    private lateinit var clip: ClipFrames
    private val engines = TintEngines()

    @Before
    fun makeClip() {
        clip = ClipFrames(Screen.clip())
    }

    private fun open(camera: Boolean = true) =
        Screen(clip, engines, camera, goldenKnown = true)

    @Test
    fun `paints live from the start`() = open().use { screen ->
        screen.awaitPicture()
        assertEquals(View.GONE, screen.find<View>(R.id.message).visibility)
    }

    @Test
    fun `a tap on a style changes the picture`() = open().use { screen ->
        screen.awaitPicture()
        val before = screen.shown()
        val strip = (screen.find<android.view.ViewGroup>(R.id.strip))
        screen.tap(strip.getChildAt(2))
        assertTrue(strip.getChildAt(2).isSelected)
        assertFalse(strip.getChildAt(0).isSelected)
        screen.await("another colour") { screen.shown() != before }
    }

    @Test
    fun `the slider sets the strength`() = open().use { screen ->
        screen.awaitPicture()
        val slider = screen.find<SeekBar>(R.id.strength)
        screen.tap(slider, across = 0.25f)
        assertTrue("${slider.progress}", slider.progress in 18..30)
        assertTrue(screen.text(R.id.strength_label).contains("${slider.progress}"))
    }

    @Test
    fun `pressing shows the original`() = open().use { screen ->
        screen.awaitPicture()
        val picture = screen.find<PaintedView>(R.id.painted)
        val painted = screen.shown()
        screen.press(picture)
        assertEquals(View.VISIBLE, screen.find<View>(R.id.original).visibility)
        assertNotEquals(painted, screen.shown())
        screen.release(picture)
        assertEquals(View.GONE, screen.find<View>(R.id.original).visibility)
    }

    @Test
    fun `two styles are mixed`() = open().use { screen ->
        screen.awaitPicture()
        val strip = screen.find<android.view.ViewGroup>(R.id.strip)
        screen.tap(screen.find(R.id.mix))
        screen.tap(strip.getChildAt(1))
        assertTrue(strip.getChildAt(0).isSelected)
        assertTrue(strip.getChildAt(1).isActivated)
        val slider = screen.find<SeekBar>(R.id.mix_share)
        assertEquals(View.VISIBLE, slider.visibility)
        val half = screen.shown()
        screen.tap(slider, across = 0.95f)
        screen.await("more of the second") { screen.shown() != half }
    }

    @Test
    fun `rotation keeps what was chosen`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find<android.view.ViewGroup>(R.id.strip).getChildAt(1))
        screen.tap(screen.find<SeekBar>(R.id.strength), across = 0.5f)
        val strength = screen.text(R.id.strength_label)
        val before = screen.activity
        RuntimeEnvironment.setQualifiers("+land")
        screen.controller.configurationChange()
        screen.controller.visible()
        assertNotSame(before, screen.activity)
        assertEquals(
            Configuration.ORIENTATION_LANDSCAPE,
            screen.activity.resources.configuration.orientation,
        )
        assertEquals(strength, screen.text(R.id.strength_label))
        screen.awaitPicture()
        assertTrue(screen.find<android.view.ViewGroup>(R.id.strip).getChildAt(1).isSelected)
    }

    @Test
    fun `a killed process comes back as it was`() {
        val state = Bundle()
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find<android.view.ViewGroup>(R.id.strip).getChildAt(2))
            screen.controller.saveInstanceState(state)
        }
        Robolectric.buildActivity(MainActivity::class.java).setup(state).use {
            val strip = it.get().findViewById<android.view.ViewGroup>(R.id.strip)
            assertTrue(strip.getChildAt(2).isSelected)
        }
    }

    @Test
    fun `permission is asked for, refused, and granted`() = open(camera = false).use { screen ->
        val allow = screen.find<View>(R.id.message_action)
        assertEquals(
            screen.activity.getString(R.string.allow_camera),
            screen.text(R.id.message_text),
        )
        screen.tap(allow)
        val asked = shadowOf(screen.activity).lastRequestedPermission
        assertEquals(listOf(Manifest.permission.CAMERA), asked.requestedPermissions.toList())

        fun answer(result: Int) = screen.activity.onRequestPermissionsResult(
            asked.requestCode,
            asked.requestedPermissions,
            intArrayOf(result),
        )
        answer(PackageManager.PERMISSION_DENIED)
        // Robolectric gives no rationale: it was refused once and for good.
        assertEquals(
            screen.activity.getString(R.string.camera_denied),
            screen.text(R.id.message_text),
        )
        screen.tap(allow)
        assertEquals(
            "android.settings.APPLICATION_DETAILS_SETTINGS",
            shadowOf(screen.activity).nextStartedActivity.action,
        )

        screen.grantCamera()
        answer(PackageManager.PERMISSION_GRANTED)
        screen.awaitPicture()
        assertEquals(View.GONE, screen.find<View>(R.id.message).visibility)
    }

    @Test
    fun `no camera leads to a photo`() {
        clip.failure = SourceFailure.NoCamera
        open().use { screen ->
            screen.await("the message") {
                screen.find<View>(R.id.message).visibility == View.VISIBLE
            }
            assertEquals(
                screen.activity.getString(R.string.no_camera),
                screen.text(R.id.message_text),
            )
            screen.tap(screen.find(R.id.message_action))
            answerPick(screen, portrait())
            screen.awaitPicture()
            assertEquals(View.GONE, screen.find<View>(R.id.message).visibility)
        }
    }

    @Test
    fun `a camera in use can be tried again`() {
        clip.failure = SourceFailure.InUse
        open().use { screen ->
            screen.await("the message") {
                screen.find<View>(R.id.message).visibility == View.VISIBLE
            }
            clip.failure = null
            screen.tap(screen.find(R.id.message_action))
            screen.awaitPicture()
        }
    }

    @Test
    fun `a photo is painted and live comes back`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.photo))
        answerPick(screen, portrait())
        screen.await("save") { screen.find<View>(R.id.save).isEnabled }
        screen.awaitPicture()
        assertEquals(View.GONE, screen.find<View>(R.id.switch_camera).visibility)
        val starts = clip.starts
        screen.tap(screen.find(R.id.live))
        screen.await("the camera") { clip.starts > starts }
        screen.awaitPicture()
    }

    @Test
    fun `a damaged picture is said to be one`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.photo))
        answerPick(screen, byteArrayOf(1, 2, 3))
        screen.await("the message") { screen.find<View>(R.id.message).visibility == View.VISIBLE }
        assertEquals(
            screen.activity.getString(R.string.bad_picture),
            screen.text(R.id.message_text),
        )
    }

    @Test
    fun `a painting of one's own becomes a style`() = open().use { screen ->
        screen.awaitPicture()
        val strip = screen.find<android.view.ViewGroup>(R.id.strip)
        val shipped = strip.childCount
        strip.findViewById<View>(R.id.add_style).performClick()
        answerPick(screen, portrait())
        screen.await("one style more") { strip.childCount == shipped + 1 }
        assertTrue(strip.getChildAt(shipped - 1).isSelected)
        screen.controller.recreate()
        assertEquals(shipped + 1, screen.find<android.view.ViewGroup>(R.id.strip).childCount)
    }

    @Test
    fun `the other camera is asked for`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.switch_camera))
        assertEquals(1, clip.turns)
        screen.awaitPicture()
    }

    @Test
    fun `without a GPU the processor paints`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.settings))
        val dialog = ShadowDialog.getLatestDialog() as AlertDialog
        dialog.findViewById<RadioGroup>(R.id.processors).check(Settings.PROCESSORS.size)
        screen.await("a word") {
            ShadowToast.getTextOfLatestToast() ==
                screen.activity.getString(R.string.no_gpu)
        }
        screen.awaitPicture()
    }

    @Test
    fun `times are shown when wanted`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.settings))
        val dialog = ShadowDialog.getLatestDialog() as AlertDialog
        dialog.findViewById<View>(R.id.show_times).performClick()
        assertEquals(View.VISIBLE, screen.find<View>(R.id.times).visibility)
        assertTrue(screen.text(R.id.times).contains("ms"))
    }

    @Test
    fun `a model that fails says so`() = open().use { screen ->
        screen.awaitPicture()
        engines.failure = "no memory on the chip"
        screen.await("the message") { screen.find<View>(R.id.message).visibility == View.VISIBLE }
        assertTrue(screen.text(R.id.message_text).contains("no memory on the chip"))
        engines.failure = null
        screen.tap(screen.find(R.id.message_action))
        screen.awaitPicture()
    }

    @Test
    fun `what can be touched is large enough and has a name`() = open().use { screen ->
        screen.awaitPicture()
        val least = 48 * screen.activity.resources.displayMetrics.density
        fun check(view: View) {
            if (view.isClickable && view.isShown) {
                val name = view.contentDescription ?: (view as? android.widget.TextView)?.text
                assertTrue("$view has a name", !name.isNullOrEmpty())
                assertTrue(
                    "$view is ${view.width} x ${view.height}",
                    view.width >= least && view.height >= least,
                )
            }
            if (view is android.view.ViewGroup) {
                for (i in 0 until view.childCount) {
                    check(
                        view.getChildAt(i),
                    )
                }
            }
        }
        check(screen.find(R.id.root))
    }

    @Test
    fun `a phone that computes something else is told so`() =
        Screen(clip, engines).use { screen ->
            screen.awaitPicture()
            assertTrue(screen.find<View>(R.id.message).isShown)
            screen.tap(screen.find(R.id.message_action))
            assertFalse(screen.find<View>(R.id.message).isShown)
        }

    private fun portrait() = ByteArrayOutputStream().also {
        Screen.clip().first().compress(android.graphics.Bitmap.CompressFormat.JPEG, 90, it)
    }.toByteArray()

    /** Answers the picker that was opened with a picture. */
    private fun answerPick(screen: Screen, picture: ByteArray) {
        val asked = shadowOf(screen.activity).nextStartedActivityForResult
        val uri = Uri.parse("content://pictures/${picture.size}")
        shadowOf(screen.activity.contentResolver).registerInputStreamSupplier(uri) {
            ByteArrayInputStream(picture)
        }
        shadowOf(
            screen.activity,
        ).receiveResult(asked.intent, Activity.RESULT_OK, Intent().setData(uri))
    }
}
