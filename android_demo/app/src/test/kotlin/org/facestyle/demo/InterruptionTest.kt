package org.facestyle.demo

import android.Manifest
import android.app.Activity
import android.content.ComponentCallbacks2
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.SeekBar
import org.facestyle.demo.Screen.Companion.jpeg
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowDialog
import org.robolectric.shadows.ShadowToast
import java.io.File

/** A phone that is turned, left, short of memory, or kills the app, in the middle of things. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34], qualifiers = "w400dp-h800dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class InterruptionTest {
    private val clip = ClipFrames(Screen.clip())

    private val engines = TintEngines()

    private fun open(camera: Boolean = true, state: Bundle? = null) =
        Screen(clip, engines, camera, goldenKnown = true, state)

    @After
    fun modelsAreClosedOnTheirThread() {
        val end = System.nanoTime() + 5_000_000_000
        while (engines.closed.get() < engines.opened.get() && System.nanoTime() < end) {
            Thread.sleep(5)
        }
        assertEquals(engines.opened.get(), engines.closed.get())
        assertEquals(emptyList<String>(), engines.strangers.toList())
    }

    private fun killed(use: (Screen) -> Unit) = Bundle().also { state ->
        open().use { screen ->
            use(screen)
            screen.controller.saveInstanceState(state)
        }
    }

    @Test
    fun `turned while a finger is on the slider`() = open().use { screen ->
        screen.awaitPicture()
        screen.drag(screen.find(R.id.strength), 0.9f, 0.3f, lift = false)
        val chosen = screen.find<SeekBar>(R.id.strength).progress
        assertTrue("$chosen", chosen in 20..40)
        screen.turn()
        assertEquals(chosen, screen.find<SeekBar>(R.id.strength).progress)
        screen.awaitPicture()
    }

    @Test
    fun `turned while the original is shown`() = open().use { screen ->
        screen.awaitPicture()
        screen.press(screen.find(R.id.painted))
        screen.turn()
        screen.awaitPicture()
        assertFalse(screen.find<View>(R.id.original).isShown)
    }

    @Test
    fun `turned while the permission is asked for`() = open(camera = false).use { screen ->
        screen.tap(screen.find(R.id.message_action))
        screen.turn()
        screen.grantCamera()
        screen.activity.onRequestPermissionsResult(
            4,
            arrayOf(Manifest.permission.CAMERA),
            intArrayOf(PackageManager.PERMISSION_GRANTED),
        )
        screen.awaitPicture()
        assertFalse(screen.find<View>(R.id.message).isShown)
    }

    @Test
    fun `turned while a photo is picked`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.photo))
        val asked = shadowOf(screen.activity).nextStartedActivityForResult
        screen.turn()
        Screen.offer(Screen.portrait().jpeg())
        val answer = Intent().setData(Screen.PICKED)
        shadowOf(screen.activity)
            .callOnActivityResult(asked.requestCode, Activity.RESULT_OK, answer)
        screen.await("the photo") { screen.find<View>(R.id.save).isEnabled }
        screen.awaitPicture()
        assertFalse(screen.find<View>(R.id.switch_camera).isShown)
    }

    @Test
    @Config(sdk = [34])
    fun `turned while a picture is saved`() = open().use { screen ->
        val gallery = Gallery.installed()
        screen.awaitPicture()
        screen.openPhoto(Screen.portrait().jpeg())
        ShadowToast.reset()
        screen.tap(screen.find(R.id.save))
        screen.turn()
        screen.awaitWord(screen.string(R.string.saved))
        assertEquals(2, gallery.said.size)
        assertTrue(gallery.written.size() > 1000)
        screen.awaitPicture()
    }

    @Test
    fun `turned while a picture is painted to be shared`() = open().use { screen ->
        screen.awaitPicture()
        screen.openPhoto(Screen.portrait().jpeg())
        screen.tap(screen.find(R.id.share))
        screen.turn()
        screen.await("the chooser") {
            shadowOf(screen.activity).nextStartedActivity?.action == Intent.ACTION_CHOOSER
        }
    }

    @Test
    @Config(sdk = [26])
    fun `turned before a place is asked for`() = open().use { screen ->
        screen.awaitPicture()
        screen.openPhoto(Screen.portrait().jpeg())
        screen.tap(screen.find(R.id.save))
        screen.turn()
        screen.await("a place is asked for") {
            shadowOf(screen.activity).nextStartedActivityForResult?.intent?.action ==
                Intent.ACTION_CREATE_DOCUMENT
        }
    }

    @Test
    @Config(sdk = [34])
    fun `turned while a picture that fails is saved`() = open().use { screen ->
        Gallery.installed()
        screen.awaitPicture()
        screen.openPhoto(Screen.portrait().jpeg())
        engines.hold()
        engines.error = IllegalStateException("lost")
        screen.tap(screen.find(R.id.save))
        screen.await("it is painted") { engines.waiting }
        screen.turn()
        engines.release()
        screen.awaitWord(screen.string(R.string.not_saved, "lost"))
    }

    @Test
    fun `turned while the camera takes a photo, it is said`() {
        clip.mute = true
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.save))
            screen.turn()
            screen.awaitWord(screen.string(R.string.interrupted))
            screen.awaitPicture()
            assertTrue(screen.find<View>(R.id.save).isEnabled)
        }
    }

    @Test
    fun `a photo that is left is not shown any more`() = open().use { screen ->
        screen.awaitPicture()
        screen.openPhoto(plain(Color.RED))
        engines.hold()
        screen.tap(screen.strip.getChildAt(2))
        screen.await("it is painted") { engines.waiting }
        screen.openPhoto(plain(Color.GREEN))
        val second = screen.shown()
        engines.release()
        screen.pass(300)
        assertEquals(second, screen.shown())
    }

    private fun plain(colour: Int) =
        Bitmap.createBitmap(400, 400, Bitmap.Config.ARGB_8888).apply { eraseColor(colour) }.jpeg()

    @Test
    fun `without memory for a photo that is shown, it says so`() = open().use { screen ->
        screen.awaitPicture()
        screen.openPhoto(plain(Color.RED))
        engines.hold()
        engines.error = OutOfMemoryError("test")
        engines.release()
        screen.tap(screen.strip.getChildAt(2))
        assertEquals(screen.string(R.string.no_memory), screen.awaitMessage())
    }

    @Test
    @Config(sdk = [34])
    fun `a second screen hears what the first one does not`() = open().use { first ->
        Gallery.installed()
        first.awaitPicture()
        first.controller.pause()
        first.demo.frames = { ClipFrames(Screen.clip()) }
        Robolectric.buildActivity(MainActivity::class.java).use { second ->
            second.setup()
            first.controller.stop()
            val save = second.get().findViewById<View>(R.id.save)
            first.await("it paints") { save.isEnabled }
            save.performClick()
            first.awaitWord(first.string(R.string.saved))
        }
    }

    @Test
    @Config(sdk = [26])
    fun `two pictures that wait for their places get them one after the other`() =
        open().use { screen ->
            screen.awaitPicture()
            val asked = mutableListOf<Intent>()
            fun awaitQuestion() = screen.await("a place is asked for") {
                shadowOf(screen.activity).nextStartedActivityForResult?.intent?.let(asked::add)
                    ?: false
            }
            screen.demo.events.post(Outcome.ToPlace(File("first.jpg")))
            screen.demo.events.post(Outcome.ToPlace(File("second.jpg")))
            awaitQuestion()
            assertNull(shadowOf(screen.activity).nextStartedActivityForResult)
            shadowOf(screen.activity).receiveResult(asked[0], Activity.RESULT_CANCELED, null)
            awaitQuestion()
            val titles = asked.map { it.getStringExtra(Intent.EXTRA_TITLE) }
            assertEquals(listOf("first.jpg", "second.jpg"), titles)
        }

    @Test
    fun `turned while a style is read`() = open().use { screen ->
        screen.awaitPicture()
        val shipped = screen.strip.childCount
        screen.strip.findViewById<View>(R.id.add_style).performClick()
        screen.answerPick(Screen.portrait().jpeg())
        screen.turn()
        screen.await("one style more") { screen.strip.childCount == shipped + 1 }
        assertTrue(screen.strip.getChildAt(shipped - 1).isSelected)
    }

    @Test
    fun `the back camera stays the back camera`() {
        val state = killed { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.switch_camera))
            assertFalse(clip.front)
        }
        clip.front = true
        open(state = state).use { screen ->
            screen.awaitPicture()
            assertFalse(clip.front)
        }
    }

    @Test
    fun `all that was chosen is there again`() {
        val chosen = Choice("a", 0.3f, mixing = true, second = "b", share = 0.7f, keepsNear = true)
        val state = Bundle().also(chosen::save)
        assertEquals(chosen, Choice.restored(state, "c"))
        assertEquals("c", Choice.restored(Bundle(), "c").style)
    }

    @Test
    fun `settings close when the phone is turned`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.settings))
        val settings = ShadowDialog.getLatestDialog()
        assertTrue(settings.isShowing)
        screen.turn()
        assertFalse(settings.isShowing)
    }

    @Test
    fun `turned while a photo is being opened`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.photo))
        screen.answerPick(Screen.portrait().jpeg())
        screen.turn()
        screen.await("the photo") { screen.find<View>(R.id.save).isEnabled }
        screen.awaitPicture()
        assertFalse(screen.find<View>(R.id.switch_camera).isShown)
    }

    @Test
    fun `turned many times`() = open().use { screen ->
        repeat(4) {
            screen.turn("+land")
            screen.turn("+port")
        }
        screen.awaitPicture()
        assertTrue(clip.running)
    }

    @Test
    fun `a killed process paints its photo again`() {
        val photo = Screen.portrait().jpeg()
        val state = killed { screen ->
            screen.awaitPicture()
            screen.openPhoto(photo)
        }
        Screen.offer(photo)
        open(state = state).use { screen ->
            screen.await("the photo") { screen.find<View>(R.id.save).isEnabled }
            screen.awaitPicture()
            assertFalse(screen.find<View>(R.id.switch_camera).isShown)
        }
    }

    @Test
    fun `a killed process whose photo is gone says so`() {
        val state = killed { screen ->
            screen.awaitPicture()
            screen.openPhoto(Screen.portrait().jpeg())
        }
        Screen.offer(byteArrayOf())
        open(state = state).use { screen ->
            assertEquals(screen.string(R.string.bad_picture), screen.awaitMessage())
        }
    }

    @Test
    @Config(sdk = [26])
    fun `killed while a place is chosen, the picture is written there`() {
        val place = Uri.parse("content://documents/chosen")
        val gallery = Gallery().also { it.takes(place) }
        val state = killed { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.save))
            screen.await("a place is asked for") {
                shadowOf(screen.activity).nextStartedActivityForResult != null
            }
        }
        open(state = state).use { screen ->
            shadowOf(screen.activity)
                .callOnActivityResult(3, Activity.RESULT_OK, Intent().setData(place))
            screen.awaitWord(screen.string(R.string.saved))
            assertTrue(gallery.written.size() > 1000)
        }
    }

    @Test
    fun `out of sight the camera is free and the memory too`() = open().use { screen ->
        screen.awaitPicture()
        screen.controller.pause().stop()
        assertFalse(clip.running)
        screen.controller.get().onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_COMPLETE)
        assertEquals(null, screen.shown())
        screen.controller.restart().start().resume()
        screen.awaitPicture()
        assertTrue(clip.running)
    }

    @Test
    fun `in use by another app meanwhile`() = open().use { screen ->
        screen.awaitPicture()
        clip.failure = SourceFailure.InUse
        screen.controller.pause().stop().restart().start().resume()
        assertNotEquals("", screen.awaitMessage())
        clip.failure = null
        screen.tap(screen.find(R.id.message_action))
        screen.awaitPicture()
    }
}
