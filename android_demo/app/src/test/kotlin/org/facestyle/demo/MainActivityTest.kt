package org.facestyle.demo

import android.Manifest
import android.app.AlertDialog
import android.content.pm.PackageManager
import android.content.res.Configuration
import android.os.Bundle
import android.view.View
import android.view.ViewGroup
import android.view.accessibility.AccessibilityNodeInfo.ACTION_CLICK
import android.widget.RadioGroup
import android.widget.SeekBar
import android.widget.TextView
import org.facestyle.core.BadFile
import org.facestyle.core.DepthFrame
import org.facestyle.demo.Screen.Companion.jpeg
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertNull
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
import java.nio.ByteBuffer
import java.nio.ByteOrder

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
        val strip = screen.strip
        screen.tap(strip.getChildAt(2))
        assertTrue(strip.getChildAt(2).isSelected)
        assertFalse(strip.getChildAt(0).isSelected)
        screen.await("another colour") { screen.shown() != before }
    }

    @Test
    fun `the slider sets the strength`() = open().use { screen ->
        screen.awaitPicture()
        val slider = screen.find<SeekBar>(R.id.strength)
        screen.drag(slider, from = 0.9f, to = 0.25f)
        assertTrue("${slider.progress}", slider.progress in 18..30)
        assertTrue(screen.text(R.id.strength_label).contains("${slider.progress}"))
        val weak = screen.shown()
        screen.tap(slider, across = 0.95f)
        assertTrue("${slider.progress}", slider.progress > 90)
        screen.await("more of the style") { screen.shown() != weak }
    }

    @Test
    fun `a swipe through the styles brings others into view`() = open().use { screen ->
        screen.awaitPicture()
        val scroll = screen.find<View>(R.id.strip_scroll)
        assertEquals(0, scroll.scrollX)
        screen.drag(scroll, from = 0.9f, to = 0.1f)
        assertTrue("${scroll.scrollX}", scroll.scrollX > scroll.width / 2)
        // A swipe chooses nothing.
        assertTrue(screen.strip.getChildAt(0).isSelected)
        val last = screen.strip.getChildAt(screen.strip.childCount - 2)
        while (scroll.scrollX + scroll.width < last.right) {
            screen.drag(scroll, from = 0.9f, to = 0.5f)
            screen.rest()
        }
        screen.tap(last)
        assertTrue(last.isSelected)
    }

    @Test
    fun `what is near can be kept where depth is known`() {
        // The left half is near.
        val depth = DepthFrame(40, 30, ByteBuffer.allocate(2 * 40 * 30), 80)
        depth.buffer.order(ByteOrder.nativeOrder())
        for (i in 0 until 40 * 30) depth.buffer.putShort(2 * i, if (i % 40 < 20) 400 else 3000)
        clip = ClipFrames(Screen.clip().take(1), depth = depth)
        open().use { screen ->
            screen.awaitPicture()
            val (left, right) = screen.shown(0.4f) to screen.shown(0.6f)
            val switch = screen.find<View>(R.id.keep_near)
            assertTrue(switch.isShown)
            screen.tap(switch)
            screen.await("the left half is a photo again") { screen.shown(0.4f) != left }
            assertEquals(right, screen.shown(0.6f))
            screen.press(screen.find(R.id.painted))
            val original = screen.shown(0.4f)
            screen.release(screen.find(R.id.painted))
            assertEquals(original, screen.shown(0.4f))
            // A photo from elsewhere has none.
            screen.openPhoto(Screen.portrait().jpeg())
            assertFalse(switch.isShown)
        }
    }

    @Test
    fun `without depth it is not offered`() = open().use { screen ->
        screen.awaitPicture()
        assertFalse(screen.find<View>(R.id.keep_near).isShown)
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
        val strip = screen.strip
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
        screen.tap(screen.strip.getChildAt(1))
        screen.tap(screen.find<SeekBar>(R.id.strength), across = 0.5f)
        val strength = screen.text(R.id.strength_label)
        val before = screen.activity
        screen.turn()
        assertNotSame(before, screen.activity)
        assertEquals(
            Configuration.ORIENTATION_LANDSCAPE,
            screen.activity.resources.configuration.orientation,
        )
        assertEquals(strength, screen.text(R.id.strength_label))
        screen.awaitPicture()
        assertTrue(screen.strip.getChildAt(1).isSelected)
    }

    @Test
    fun `a killed process comes back as it was`() {
        val state = Bundle()
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.strip.getChildAt(2))
            screen.controller.saveInstanceState(state)
        }
        Robolectric.buildActivity(MainActivity::class.java).setup(state).use {
            val strip = it.get().findViewById<ViewGroup>(R.id.strip)
            assertTrue(strip.getChildAt(2).isSelected)
        }
    }

    @Test
    fun `permission is asked for, refused, and granted`() = open(camera = false).use { screen ->
        val allow = screen.find<View>(R.id.message_action)
        assertEquals(
            screen.string(R.string.allow_camera),
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
        // Refused once: it may be asked for again.
        val packages = shadowOf(screen.activity.packageManager)
        packages.setShouldShowRequestPermissionRationale(Manifest.permission.CAMERA, true)
        answer(PackageManager.PERMISSION_DENIED)
        assertEquals(
            screen.string(R.string.allow_camera),
            screen.text(R.id.message_text),
        )
        screen.tap(allow)

        // For good: only the phone's settings help.
        packages.setShouldShowRequestPermissionRationale(Manifest.permission.CAMERA, false)
        answer(PackageManager.PERMISSION_DENIED)
        assertEquals(
            screen.string(R.string.camera_denied),
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
            assertEquals(screen.string(R.string.no_camera), screen.awaitMessage())
            screen.tap(screen.find(R.id.message_action))
            screen.answerPick(Screen.portrait().jpeg())
            screen.awaitPicture()
            assertEquals(View.GONE, screen.find<View>(R.id.message).visibility)
        }
    }

    @Test
    fun `a camera in use can be tried again`() {
        clip.failure = SourceFailure.InUse
        open().use { screen ->
            screen.awaitMessage()
            clip.failure = null
            screen.tap(screen.find(R.id.message_action))
            screen.awaitPicture()
        }
    }

    @Test
    fun `a photo is painted and live comes back`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.photo))
        screen.answerPick(Screen.portrait().jpeg())
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
        screen.answerPick(byteArrayOf(1, 2, 3))
        assertEquals(screen.string(R.string.bad_picture), screen.awaitMessage())
    }

    @Test
    fun `a painting of one's own becomes a style`() = open().use { screen ->
        screen.awaitPicture()
        val strip = screen.strip
        val shipped = strip.childCount
        strip.findViewById<View>(R.id.add_style).performClick()
        screen.answerPick(Screen.portrait().jpeg())
        screen.await("one style more") { strip.childCount == shipped + 1 }
        assertTrue(strip.getChildAt(shipped - 1).isSelected)
        screen.controller.recreate()
        assertEquals(shipped + 1, screen.strip.childCount)
    }

    @Test
    fun `a style can be added without a camera`() = open(camera = false).use { screen ->
        val shipped = screen.strip.childCount
        screen.strip.findViewById<View>(R.id.add_style).performClick()
        screen.answerPick(Screen.portrait().jpeg())
        screen.await("one style more") { screen.strip.childCount == shipped + 1 }
        assertTrue(screen.strip.getChildAt(shipped - 1).isSelected)
    }

    @Test
    fun `what is chosen while the model opens is painted`() = open().use { screen ->
        screen.awaitPicture()
        val before = screen.shown()
        screen.controller.pause().stop().restart().start().resume()
        // Nothing is painted yet.
        screen.strip.getChildAt(2).performClick()
        screen.awaitPicture()
        screen.awaitNextPicture()
        assertNotEquals(before, screen.shown())
    }

    @Test
    fun `a painting that cannot be read is said to be one, and live goes on`() =
        open().use { screen ->
            screen.awaitPicture()
            screen.strip.findViewById<View>(R.id.add_style).performClick()
            screen.answerPick(byteArrayOf(1, 2, 3))
            assertEquals(screen.string(R.string.bad_picture), screen.awaitMessage())
            screen.awaitNextPicture()
            // Another painting, not a photo, is what it offers.
            val shipped = screen.strip.childCount
            screen.tap(screen.find(R.id.message_action))
            screen.answerPick(Screen.portrait().jpeg())
            screen.await("one style more") { screen.strip.childCount == shipped + 1 }
            screen.tap(screen.find(R.id.message_close))
            assertFalse(screen.find<View>(R.id.message).isShown)
        }

    @Test
    fun `without the native library a style is not read, and that is said`() =
        open().use { screen ->
            screen.awaitPicture()
            screen.demo.models = ModelProvider(screen.demo.models.files) { _, _ ->
                throw UnsatisfiedLinkError("no library")
            }
            screen.controller.recreate()
            assertTrue(screen.awaitMessage().contains("no library"))
            screen.strip.findViewById<View>(R.id.add_style).performClick()
            screen.answerPick(Screen.portrait().jpeg())
            screen.await("it is said") { screen.find<View>(R.id.message_close).isShown }
            assertTrue(screen.text(R.id.message_text).contains("no library"))
        }

    @Test
    fun `no two styles of one's own have one name`() = open().use { screen ->
        screen.awaitPicture()
        val own = screen.demo.ownStyles
        fun add() {
            val before = own.all().size
            screen.strip.findViewById<View>(R.id.add_style).performClick()
            screen.answerPick(Screen.portrait().jpeg())
            screen.await("one style more") { own.all().size == before + 1 }
        }
        repeat(2) { add() }
        own.remove(own.all().first())
        add()
        assertEquals(2, own.all().map { it.title }.toSet().size)
    }

    @Test
    fun `a style of one's own can be removed, a shipped one cannot`() = open().use { screen ->
        screen.awaitPicture()
        screen.strip.findViewById<View>(R.id.add_style).performClick()
        val shipped = screen.strip.childCount
        screen.answerPick(Screen.portrait().jpeg())
        screen.await("one style more") { screen.strip.childCount == shipped + 1 }
        screen.strip.getChildAt(0).performLongClick()
        assertNull(ShadowDialog.getLatestDialog())
        screen.strip.getChildAt(shipped - 1).performLongClick()
        val question = ShadowDialog.getLatestDialog() as AlertDialog
        question.getButton(AlertDialog.BUTTON_POSITIVE).performClick()
        screen.await("it is gone") { screen.strip.childCount == shipped }
        assertTrue(screen.strip.getChildAt(0).isSelected)
    }

    @Test
    fun `without touch, a click changes between painting and original`() = open().use { screen ->
        screen.awaitPicture()
        val picture = screen.find<View>(R.id.painted)
        val original = screen.find<View>(R.id.original)
        assertTrue(picture.performAccessibilityAction(ACTION_CLICK, null))
        assertTrue(original.isShown)
        picture.performAccessibilityAction(ACTION_CLICK, null)
        assertFalse(original.isShown)
    }

    @Test
    fun `a GPU that fails later makes room for the processor`() {
        val gpu = TintEngines(gpu = true)
        Screen(clip, gpu, goldenKnown = true).use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.settings))
            val dialog = ShadowDialog.getLatestDialog() as AlertDialog
            dialog.findViewById<RadioGroup>(R.id.processors).check(Settings.PROCESSORS.size)
            dialog.dismiss()
            screen.awaitPicture()
            assertEquals(Processor.GPU, gpu.lastProcessor)
            gpu.failure = "lost"
            assertTrue(screen.awaitMessage().contains("lost"))
            gpu.failure = null
            screen.tap(screen.find(R.id.message_action))
            screen.awaitPicture()
            assertFalse(gpu.lastProcessor.gpu)
        }
    }

    @Test
    fun `damaged files of the app's are said to be`() {
        val demo = RuntimeEnvironment.getApplication() as DemoApplication
        val broken = object : ShippedFiles(demo.assets) {
            override val styles get() = throw BadFile("styles.json: cut off")
        }
        demo.models = ModelProvider(broken, engines)
        Robolectric.buildActivity(MainActivity::class.java).use {
            it.setup()
            val text = it.get().findViewById<TextView>(R.id.message_text)
            assertTrue(text.text.contains("styles.json: cut off"))
            it.get().findViewById<View>(R.id.message_action).performClick()
            assertTrue(it.get().isFinishing)
        }
    }

    @Test
    fun `damaged models are said to be`() {
        val demo = RuntimeEnvironment.getApplication() as DemoApplication
        val broken = object : ShippedFiles(demo.assets) {
            override val build get() = throw BadFile("manifest.json: cut off")
        }
        demo.models = ModelProvider(broken, engines)
        Screen(clip, null).use { screen ->
            assertTrue(screen.awaitMessage().contains("manifest.json: cut off"))
        }
    }

    @Test
    fun `the other camera is asked for`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.switch_camera))
        assertFalse(clip.front)
        screen.awaitPicture()
    }

    @Test
    fun `without a GPU the processor paints`() = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.settings))
        val dialog = ShadowDialog.getLatestDialog() as AlertDialog
        dialog.findViewById<RadioGroup>(R.id.processors).check(Settings.PROCESSORS.size)
        screen.awaitWord(screen.string(R.string.no_gpu))
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
        assertTrue(screen.awaitMessage().contains("no memory on the chip"))
        engines.failure = null
        screen.tap(screen.find(R.id.message_action))
        screen.awaitPicture()
    }

    @Test
    fun `it is read out from top to bottom, each thing once`() = open().use { screen ->
        screen.awaitPicture()
        val heard = mutableListOf<View>()
        fun listen(view: View) {
            if (!view.isShown) return
            val said = view.contentDescription ?: (view as? TextView)?.text
            if (view.isImportantForAccessibility && !said.isNullOrEmpty()) heard.add(view)
            if (view is ViewGroup) for (i in 0 until view.childCount) listen(view.getChildAt(i))
        }
        listen(screen.find(R.id.root))
        val wanted = listOf(R.id.painted, R.id.strength_label, R.id.strength, R.id.mix) +
            R.id.strip +
            listOf(R.id.photo, R.id.switch_camera, R.id.save, R.id.share, R.id.settings)
        val items = List(screen.strip.childCount) { screen.strip.getChildAt(it) }
        assertEquals(wanted, (heard - items.toSet()).map { it.id })
        assertTrue(heard.containsAll(items))
        val tops = heard.filter { it !in items }.map {
            IntArray(2).also(it::getLocationInWindow)[1]
        }
        // Those of a row are not equally high.
        val row = 24 * screen.activity.resources.displayMetrics.density
        for ((above, below) in tops.zipWithNext()) assertTrue("$tops", below > above - row)
        // What is drawn beside a name is not read out again.
        for (item in items) {
            for (id in listOf(R.id.thumbnail, R.id.name)) {
                assertFalse(item.findViewById<View>(id).isImportantForAccessibility)
            }
        }
    }

    @Test
    @Config(qualifiers = "w800dp-h400dp-land-xhdpi", fontScale = 1.5f)
    fun `in landscape and with large letters too`() =
        `what can be touched is large enough and has a name`()

    @Test
    fun `what can be touched is large enough and has a name`() = open().use { screen ->
        screen.awaitPicture()
        val least = 48 * screen.activity.resources.displayMetrics.density
        fun check(view: View) {
            if (view.isClickable && view.isShown) {
                val name = view.contentDescription ?: (view as? TextView)?.text
                assertTrue("$view has a name", !name.isNullOrEmpty())
                assertTrue(
                    "$view is ${view.width} x ${view.height}",
                    view.width >= least && view.height >= least,
                )
            }
            if (view is ViewGroup) {
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
}
