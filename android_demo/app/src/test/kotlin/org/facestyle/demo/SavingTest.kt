package org.facestyle.demo

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.net.Uri
import android.provider.MediaStore
import android.view.View
import org.facestyle.core.DepthFrame
import org.facestyle.demo.Screen.Companion.jpeg
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.FileNotFoundException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs

/** Pictures that are saved and shared; the model is a tint. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34], qualifiers = "w400dp-h800dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class SavingTest {
    private var clip = ClipFrames(Screen.clip())

    private val engines = TintEngines()

    private fun open() = Screen(clip, engines, goldenKnown = true)

    @After
    fun modelsStayOnTheirThread() = assertEquals(emptyList<String>(), engines.strangers.toList())

    private fun decoded(bytes: ByteArray): Bitmap =
        checkNotNull(BitmapFactory.decodeByteArray(bytes, 0, bytes.size)) { "no picture" }

    /** Four colours, so that it is seen which way up it is. */
    private fun quarters(width: Int, height: Int): Bitmap {
        val colours = intArrayOf(Color.RED, Color.GREEN, Color.BLUE, Color.WHITE)
        val pixels = IntArray(width * height) {
            val (x, y) = it % width to it / width
            colours[(if (x < width / 2) 0 else 1) + if (y < height / 2) 0 else 2]
        }
        return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888)
    }

    private fun assertColour(wanted: Int, found: Int) {
        fun channels(colour: Int) = intArrayOf(16, 8, 0).map { colour shr it and 0xFF }
        for ((w, f) in channels(wanted).zip(channels(found))) {
            assertTrue("${channels(wanted)} ${channels(found)}", abs(w - f) <= 12)
        }
    }

    /** [quarters] by 90 degrees: blue red / white green; mirrored: red blue / green white. */
    private fun assertTurnedAndMirrored(found: Bitmap) {
        assertColour(Color.RED, found.quarter(0, 0))
        assertColour(Color.BLUE, found.quarter(1, 0))
        assertColour(Color.GREEN, found.quarter(0, 1))
        assertColour(Color.WHITE, found.quarter(1, 1))
    }

    private fun Bitmap.quarter(right: Int, down: Int) =
        getPixel(width * (1 + 2 * right) / 4, height * (1 + 2 * down) / 4)

    @Test
    @Config(sdk = [34])
    fun `a photo is saved in its own size`() = open().use { screen ->
        val gallery = Gallery.installed()
        screen.awaitPicture()
        screen.openPhoto(quarters(600, 900).jpeg())
        screen.tap(screen.find(R.id.save))
        screen.awaitWord(screen.string(R.string.saved))
        val saved = decoded(gallery.written.toByteArray())
        assertEquals(600 to 900, saved.width to saved.height)
        val (before, after) = gallery.said
        assertEquals("Pictures/facestyle", before[MediaStore.Images.Media.RELATIVE_PATH])
        assertEquals("image/jpeg", before[MediaStore.Images.Media.MIME_TYPE])
        assertEquals(1, before.getAsInteger(MediaStore.Images.Media.IS_PENDING))
        assertEquals(0, after.getAsInteger(MediaStore.Images.Media.IS_PENDING))
        // It is the painting that is saved, not the photo.
        assertNotEquals(Color.RED, saved.quarter(0, 0))
    }

    @Test
    @Config(sdk = [34])
    fun `twelve megapixels are painted without a seam`() = open().use { screen ->
        val gallery = Gallery.installed()
        screen.awaitPicture()
        val (width, height) = 4000 to 3000
        val photo = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        val row = IntArray(width)
        for (y in 0 until height) {
            for (x in 0 until width) row[x] = Color.rgb(x / 16, y / 12, (x + y) / 28)
            photo.setPixels(row, 0, width, 0, y, width, 1)
        }
        screen.openPhoto(photo.jpeg(98))
        screen.tap(screen.find(R.id.save))
        screen.awaitWord(screen.string(R.string.saved))
        val saved = decoded(gallery.written.toByteArray())
        assertEquals(width to height, saved.width to saved.height)
        // A smooth photo stays smooth, also where one strip ends and the next one begins.
        var before = IntArray(width).also { saved.getPixels(it, 0, width, 0, 0, width, 1) }
        for (y in 1 until height) {
            val next = IntArray(width).also { saved.getPixels(it, 0, width, 0, y, width, 1) }
            for (x in 0 until width step 97) {
                val step = abs(Color.green(before[x]) - Color.green(next[x]))
                assertTrue("$x, $y: $step", step <= 4)
            }
            before = next
        }
    }

    @Test
    @Config(sdk = [34])
    fun `photos of any shape are painted`() = open().use { screen ->
        screen.awaitPicture()
        for ((width, height) in listOf(1 to 1, 1 to 900, 2000 to 3, 257 to 255)) {
            val gallery = Gallery.installed()
            screen.openPhoto(quarters(width, height).jpeg())
            screen.tap(screen.find(R.id.save))
            screen.await("$width x $height") { gallery.said.size == 2 }
            val saved = decoded(gallery.written.toByteArray())
            assertEquals(width to height, saved.width to saved.height)
        }
    }

    @Test
    @Config(sdk = [34])
    fun `no space left is said, and nothing stays behind`() {
        val gallery = Gallery.full()
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.not_saved, "no space left on device"))
            assertEquals(1, gallery.deleted)
            // It still paints.
            screen.awaitNextPicture()
        }
    }

    @Test
    @Config(sdk = [26])
    fun `on older phones people choose the place`() = open().use { screen ->
        val place = Uri.parse("content://documents/chosen")
        val gallery = Gallery().also { it.takes(place) }
        screen.awaitPicture()
        screen.tap(screen.find(R.id.save))
        var asked: Intent? = null
        screen.await("a place is asked for") {
            asked = shadowOf(screen.activity).nextStartedActivityForResult?.intent
            asked != null
        }
        assertEquals(Intent.ACTION_CREATE_DOCUMENT, asked?.action)
        assertEquals("image/jpeg", asked?.type)
        val answer = Intent().setData(place)
        shadowOf(screen.activity).receiveResult(asked, Activity.RESULT_OK, answer)
        screen.awaitWord(screen.string(R.string.saved))
        assertTrue(decoded(gallery.written.toByteArray()).width > 100)
    }

    @Test
    fun `another app can read what is shared, and nothing else`(): Unit = open().use { screen ->
        screen.awaitPicture()
        screen.tap(screen.find(R.id.share))
        var chooser: Intent? = null
        screen.await("the chooser") {
            chooser = shadowOf(screen.activity).nextStartedActivity
            chooser != null
        }
        assertEquals(Intent.ACTION_CHOOSER, chooser?.action)
        @Suppress("DEPRECATION") // the typed ones exist from API 33 on
        val sent = checkNotNull(chooser?.getParcelableExtra<Intent>(Intent.EXTRA_INTENT))
        assertEquals(Intent.ACTION_SEND, sent.action)
        assertTrue(sent.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        @Suppress("DEPRECATION")
        val uri = checkNotNull(sent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM))
        val resolver = screen.activity.contentResolver
        assertEquals("image/jpeg", resolver.getType(uri))
        val bytes = checkNotNull(resolver.openInputStream(uri)).use { it.readBytes() }
        assertTrue(decoded(bytes).width > 100)
        resolver.query(uri, null, null, null, null).use {
            checkNotNull(it).moveToFirst()
            assertEquals(uri.lastPathSegment, it.getString(0))
            assertEquals(bytes.size.toLong(), it.getLong(1))
        }
        for (other in listOf("..", "../styles/styles.json", "none.jpg")) {
            val wrong = uri.buildUpon().path(null).appendPath(other).build()
            assertThrows(FileNotFoundException::class.java) { resolver.openInputStream(wrong) }
        }
        assertThrows(FileNotFoundException::class.java) { resolver.openOutputStream(uri) }
    }

    @Test
    @Config(sdk = [34])
    fun `live, the camera's own photo is painted, as the screen shows it`() {
        val gallery = Gallery.installed()
        // Turned by 90 degrees and mirrored, and its middle taken: upright it is 600 x 800.
        val sensor = quarters(800, 600)
        clip.still = FrameSource.Still(sensor.jpeg(98), rotation = 90, mirror = true)
        open().use { screen ->
            screen.awaitPicture()
            screen.drag(screen.find(R.id.strength), 0.9f, 0f)
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
            val saved = decoded(gallery.written.toByteArray())
            assertEquals(600 to 600, saved.width to saved.height)
            assertTurnedAndMirrored(saved)
            // And live goes on.
            screen.awaitNextPicture()
        }
    }

    @Test
    @Config(sdk = [34])
    fun `live, the photo is saved painted, but for what is near`() {
        val gallery = Gallery.installed()
        val depth = DepthFrame(40, 40, ByteBuffer.allocate(2 * 40 * 40), 80)
        depth.buffer.order(ByteOrder.nativeOrder())
        // The upper half is near.
        for (i in 0 until 40 * 40) depth.buffer.putShort(2 * i, if (i < 800) 400 else 3000)
        clip = ClipFrames(Screen.clip(), depth = depth)
        clip.still = FrameSource.Still(quarters(600, 600).jpeg(98), rotation = 0, mirror = false)
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
            val painted = decoded(gallery.written.toByteArray())
            assertFar(Color.RED, painted.quarter(0, 0))
            assertFar(Color.BLUE, painted.quarter(0, 1))
        }
        val again = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.keep_near))
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
            screen.await("it is written") { again.said.size == 2 }
            val kept = decoded(again.written.toByteArray())
            assertColour(Color.RED, kept.quarter(0, 0))
            assertFar(Color.BLUE, kept.quarter(0, 1))
        }
    }

    private fun assertFar(photo: Int, found: Int) {
        val apart = listOf(16, 8, 0).maxOf {
            abs((photo shr it and 0xFF) - (found shr it and 0xFF))
        }
        assertTrue("$apart", apart > 40)
    }

    @Test
    @Config(sdk = [34])
    fun `live without photos, a frame is painted, upright`() {
        val gallery = Gallery.installed()
        clip = ClipFrames(listOf(ClipFrames.yuv(quarters(320, 240))), rotation = 90, mirror = true)
        open().use { screen ->
            screen.awaitPicture()
            screen.drag(screen.find(R.id.strength), 0.9f, 0f)
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
            val saved = decoded(gallery.written.toByteArray())
            assertEquals(240 to 240, saved.width to saved.height)
            assertTurnedAndMirrored(saved)
        }
    }

    @Test
    @Config(sdk = [34])
    fun `where memory is short, a photo is smaller from the start`() {
        val gallery = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.openPhoto(quarters(4000, 2000).jpeg())
            // Half of this is for two pictures of two million pixels with four bytes each, as it
            // is where half of the photo's size is decoded.
            screen.demo.freeMemory = { 32_000_000 }
            screen.controller.recreate()
            screen.await("the photo") { screen.find<View>(R.id.save).isEnabled }
            screen.tap(screen.find(R.id.save))
            screen.await("it is saved") { gallery.said.size == 2 }
            val width = decoded(gallery.written.toByteArray()).width
            assertTrue("$width", width in 1700..2000)
            screen.awaitWord(screen.string(R.string.saved))
        }
    }

    @Test
    @Config(sdk = [34])
    fun `a camera that never answers is not waited for`() {
        val gallery = Gallery.installed()
        clip.mute = true
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.save))
            assertFalse(screen.find<View>(R.id.save).isEnabled)
            screen.awaitWord(screen.string(R.string.saved))
            assertTrue(screen.find<View>(R.id.save).isEnabled)
            assertTrue(gallery.written.size() > 1000)
        }
    }

    @Test
    @Config(sdk = [34])
    fun `tapped twice, one is saved`() = open().use { screen ->
        val gallery = Gallery.installed()
        screen.awaitPicture()
        repeat(2) { screen.tap(screen.find(R.id.save)) }
        screen.awaitWord(screen.string(R.string.saved))
        screen.awaitNextPicture()
        assertEquals(1, gallery.said.count { MediaStore.Images.Media.DISPLAY_NAME in it.keySet() })
    }

    @Test
    @Config(sdk = [34])
    fun `what is too large for memory is made smaller`() {
        val gallery = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.openPhoto(quarters(3000, 2000).jpeg())
            val photo = quarters(3000, 2000).jpeg()
            var refused = 0
            shadowOf(screen.activity.contentResolver).registerInputStreamSupplier(Screen.PICKED) {
                // Only its size can be read at first.
                if (refused++ == 1) throw OutOfMemoryError("test")
                photo.inputStream()
            }
            screen.tap(screen.find(R.id.save))
            screen.await("it is saved") { gallery.said.size == 2 }
            val saved = decoded(gallery.written.toByteArray())
            assertEquals(1500, saved.width)
        }
    }

    @Test
    fun `without any memory it says so`() = open().use { screen ->
        screen.awaitPicture()
        shadowOf(screen.activity.contentResolver).registerInputStreamSupplier(Screen.PICKED) {
            throw OutOfMemoryError("test")
        }
        screen.tap(screen.find(R.id.photo))
        val asked = shadowOf(screen.activity).nextStartedActivityForResult
        val answer = Intent().setData(Screen.PICKED)
        shadowOf(screen.activity).receiveResult(asked.intent, Activity.RESULT_OK, answer)
        assertEquals(screen.string(R.string.no_memory), screen.awaitMessage())
    }

    @Test
    fun `only the last pictures are kept`() {
        val application = RuntimeEnvironment.getApplication()
        val folder = PictureProvider.folder(application)
        val store = PictureStore(application.contentResolver, folder)
        val kept = List(6) {
            Thread.sleep(2)
            store.keep(quarters(8, 8))
        }
        val names = kept.takeLast(4).map { it.name }.sorted().toTypedArray()
        assertArrayEquals(names, folder.list().orEmpty().sorted().toTypedArray())
    }
}
