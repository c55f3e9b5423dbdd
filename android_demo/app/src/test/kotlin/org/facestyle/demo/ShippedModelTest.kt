package org.facestyle.demo

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.view.View
import org.facestyle.core.DepthFrame
import org.facestyle.core.psnr
import org.facestyle.demo.Screen.Companion.jpeg
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowDialog
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs
import kotlin.math.hypot

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

    private val shipped = ShippedFiles(RuntimeEnvironment.getApplication().assets)

    private fun open() = Screen(clip, InterpreterEngine, files = shipped)

    @Test
    fun `the golden pair is right`() = open().use { screen ->
        val models = screen.demo.models
        models.stylizer(Processor.cpu(2)).use { stylizer ->
            val verdict = GoldenCheck(models).check(stylizer)
            assertTrue("${verdict.psnrDb} dB", verdict.right && verdict.psnrDb >= 45)
        }
        assertEquals(View.GONE, screen.find<View>(R.id.message).visibility)
    }

    @Test
    fun `the photo model's golden pair is right, where the app holds one`() = open().use { screen ->
        val forPhotos = screen.demo.models.forPhotos
        assertEquals(File("src/main/assets/facestyle/studio").isDirectory, forPhotos != null)
        assumeTrue("built without STUDIO", forPhotos != null)
        forPhotos!!.stylizer(Processor.cpu(2)).use { stylizer ->
            val verdict = GoldenCheck(forPhotos).check(stylizer)
            assertTrue("${verdict.psnrDb} dB", verdict.right && verdict.psnrDb >= 45)
        }
        assertEquals(screen.demo.models.files.build.weights, forPhotos.files.build.weights)
    }

    @Test
    fun `the style encoder reads a painting as PyTorch does`() = open().use { screen ->
        val models = screen.demo.models
        val (pair, limit) = models.files.golden.of(models.chosen("style_encoder").file)
        val painting = rgbToArgb(models.files.bytes("golden/${pair.inputs.single().raw}"))
        val code = models.styleReader().use { it.read(painting) }
        val wanted = pair.output.floats(models.files.bytes("golden/${pair.output.raw}"), null)
        val found = psnr(code, wanted, pair.peak)
        assertTrue("$found dB", found >= limit.leastPsnrDb)
    }

    @Test
    fun `what the screen shows is what PyTorch paints`() {
        val frame = ClipFrames.i420(File(VECTORS, "live.yuv").readBytes(), 160, 160)
        val wanted = checkNotNull(BitmapFactory.decodeFile("$VECTORS/live.png"))
        Screen(ClipFrames(listOf(frame)), InterpreterEngine, files = shipped).use { screen ->
            screen.awaitPicture()
            val styles = screen.demo.models.files.styles.styles.map { it.name }
            val item = screen.strip.getChildAt(styles.indexOf("great_wave"))
            screen.find<View>(R.id.strip_scroll).scrollTo(item.left, 0)
            screen.tap(item)
            assertTrue(item.isSelected)
            screen.awaitNextPicture()
            val view = screen.find<PaintedView>(R.id.painted)
            val found = screen.drawn().part(view)
            // Enlarged as the screen does it.
            val pixels = wanted.pixels()
            view.show(pixels, pixels, wanted.width, wanted.height)
            val reached = psnr(found, screen.drawn().part(view))
            println("the screen and PyTorch: $reached dB")
            assertTrue("$reached dB", reached >= 45)
        }
    }

    /** The faces of the project's benchmark, which may not be copied into it. */
    @Test
    fun `generated faces, where they are at hand`() {
        assumeTrue(File(FACES).isDirectory)
        val faces = Screen.filmed(FACES)
        val seen = mutableSetOf<Int>()
        Screen(ClipFrames(faces), InterpreterEngine, files = shipped).use { screen ->
            val view = screen.find<PaintedView>(R.id.painted)
            screen.awaitPicture()
            screen.await("every face") {
                seen.add(screen.drawn().part(view).contentHashCode())
                seen.size >= faces.size
            }
            val painted = screen.drawn().part(view)
            screen.press(view)
            assertTrue("it is painted", psnr(painted, screen.drawn().part(view)) < 30)
        }
    }

    private fun Bitmap.part(view: View): IntArray {
        val (left, top) = IntArray(2).also(view::getLocationInWindow)
        val pixels = IntArray(view.width * view.height)
        getPixels(pixels, 0, view.width, left, top, view.width, view.height)
        return pixels
    }

    private fun psnr(one: IntArray, other: IntArray): Double {
        fun channels(pixels: IntArray) =
            FloatArray(3 * pixels.size) { (pixels[it / 3] shr 8 * (it % 3) and 0xFF) / 255f }
        return psnr(channels(one), channels(other), 1.0)
    }

    // ---- screenshots: still pictures, so that each is the same again ---------------------------

    private fun still(depth: DepthFrame? = null) = Screen(
        ClipFrames(Screen.clip().take(1), depth = depth),
        InterpreterEngine,
        files = shipped,
    )

    @Test
    fun `live, with times`() = still().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.strip.getChildAt(3))
        screen.tap(screen.find(R.id.settings))
        ShadowDialog.getLatestDialog().findViewById<View>(R.id.show_times).performClick()
        ShadowDialog.getLatestDialog().dismiss()
        screen.awaitNextPicture()
        screen.assertLooksAs("live", except = R.id.times)
    }

    @Test
    @Config(qualifiers = "w400dp-h800dp-night-xhdpi")
    fun `two styles mixed, dark`() = still().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.strip.getChildAt(1))
        screen.tap(screen.find(R.id.mix))
        screen.tap(screen.strip.getChildAt(2))
        screen.awaitNextPicture()
        screen.assertLooksAs("mixed_dark")
    }

    @Test
    fun `what is near kept, by its depth`() {
        val side = 180
        val depth = DepthFrame(side, side, ByteBuffer.allocate(2 * side * side), 2 * side)
        depth.buffer.order(ByteOrder.nativeOrder())
        for (i in 0 until side * side) {
            // Somebody's head and shoulders, before a wall.
            val (x, y) = i % side / side.toDouble() - 0.5 to i / side / side.toDouble()
            val head = hypot(x / 0.26, (y - 0.36) / 0.34) < 1 || y > 0.55 && abs(x) < y - 0.3
            depth.buffer.putShort(2 * i, if (head) 600 else 2500)
        }
        still(depth).use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.keep_near))
            screen.awaitNextPicture()
            screen.assertLooksAs("keep_near")
        }
    }

    @Test
    fun `the original, under a finger`() = still().use { screen ->
        screen.awaitPicture()
        screen.press(screen.find(R.id.painted))
        screen.assertLooksAs("original")
        screen.release(screen.find(R.id.painted))
    }

    @Test
    @Config(qualifiers = "w800dp-h400dp-land-xhdpi")
    fun `a photo, landscape`() = still().use { screen ->
        screen.awaitPicture()
        screen.openPhoto(Screen.portrait().jpeg())
        if (screen.demo.models.forPhotos != null) screen.settle()
        screen.assertLooksAs("photo_landscape")
    }

    @Test
    @Config(qualifiers = "de-w400dp-h800dp-xhdpi", fontScale = 1.5f)
    fun `German, large letters`() = still().use { screen ->
        screen.awaitPicture()
        screen.assertLooksAs("german_large")
    }

    @Test
    @Config(qualifiers = "iw-ldrtl-w400dp-h800dp-xhdpi")
    fun `from right to left`() = still().use { screen ->
        screen.awaitPicture()
        screen.assertLooksAs("right_to_left")
    }

    @Test
    fun `no camera`() {
        val none = ClipFrames(emptyList(), canTurn = false)
        none.failure = SourceFailure.NoCamera
        Screen(none, InterpreterEngine).use { screen ->
            screen.awaitMessage()
            screen.assertLooksAs("no_camera")
        }
    }

    @Test
    fun `permission`() = Screen(clip, InterpreterEngine, camera = false).use { screen ->
        assertEquals(screen.string(R.string.allow_camera), screen.text(R.id.message_text))
        screen.assertLooksAs("permission")
    }

    @Test
    fun `another picture does not pass for the kept one`() {
        still().use { screen ->
            screen.awaitPicture()
            val half = screen.drawn().let {
                Bitmap.createScaledBitmap(it, it.width / 2, it.height / 2, true)
            }
            for (other in listOf("original", "keep_near", "photo_landscape")) {
                assertNotNull(other, Screenshot.difference(other, half))
            }
        }
    }

    private companion object {
        const val VECTORS = "../../tests/vectors"
        const val FACES = "../../../shared/bench/content"
    }
}

/** Bytes R G B of each pixel, as golden pairs have them, as opaque ARGB. */
internal fun rgbToArgb(rgb: ByteArray) = IntArray(rgb.size / 3) {
    val at = 3 * it
    fun channel(offset: Int) = rgb[at + offset].toInt() and 0xFF
    (0xFF shl 24) or (channel(0) shl 16) or (channel(1) shl 8) or channel(2)
}
