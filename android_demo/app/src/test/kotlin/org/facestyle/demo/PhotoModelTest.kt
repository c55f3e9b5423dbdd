package org.facestyle.demo

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Color
import android.os.Looper
import android.view.View
import org.facestyle.core.Build
import org.facestyle.core.DepthFrame
import org.facestyle.core.Golden
import org.facestyle.core.ModelFile
import org.facestyle.core.Port
import org.facestyle.demo.Screen.Companion.jpeg
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowToast
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue

/** Photos by a model of their own: it paints all green, the live one tints. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = "w400dp-h800dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class PhotoModelTest {
    private var clip = ClipFrames(Screen.clip())
    private val tint = TintEngines()
    private val assets = RuntimeEnvironment.getApplication().assets

    /** Depth that the model for photos was given last, at its size. */
    private var depth = floatArrayOf()

    /** Sides of the pictures that were painted for photos, and what such a run fails with. */
    private val painted = ConcurrentLinkedQueue<Int>()

    @Volatile private var failure: Throwable? = null

    /** Of the models, as they are opened and closed. */
    private val open = ConcurrentLinkedQueue<Engine>()

    private val engines = EngineFactory { model, processor ->
        val engine = tint.open(model, processor)
        if (model.capacity() > 0) return@EngineFactory engine
        object : Engine by engine {
            override fun bind(
                inputs: Map<String, Buffer>,
                outputs: Map<String, Buffer>,
            ): () -> Unit {
                val run = engine.bind(inputs, outputs)
                return {
                    run()
                    painted += side(inputs)
                    failure?.let { throw it }
                    depth = values(inputs["depth"] as FloatBuffer?)
                    val pixels = outputs.getValue("stylized") as FloatBuffer
                    for (i in 0 until pixels.capacity()) pixels.put(i, if (i % 3 == 1) 1f else 0f)
                }
            }

            override fun close() {
                open.remove(this)
                engine.close()
            }
        }.also(open::add)
    }

    private fun side(inputs: Map<String, Buffer>) =
        Math.sqrt(inputs.getValue("content").capacity() / 3.0).toInt()

    private fun values(buffer: FloatBuffer?) =
        FloatArray(buffer?.capacity() ?: 0) { buffer!!.get(it) }

    /** The app's own files, and a model for photos that is twice as large. */
    private inner class Both : ShippedFiles(assets) {
        override val forPhotos: ShippedFiles? = object : ShippedFiles(assets) {
            override val forPhotos: ShippedFiles? get() = null
            override val build by lazy {
                Build("studio", super.build.weights, listOf(twice(super.build.files.first())))
            }

            override val golden by lazy {
                val limit = super.golden.of(live.file).second
                Golden(super.golden.pairs, mapOf(PHOTOS to limit))
            }

            override fun model(file: ModelFile): ByteBuffer = ByteBuffer.allocateDirect(0)

            /** Of pictures, four times as much. */
            override fun bytes(name: String): ByteArray {
                val found = super.bytes(name)
                return if ("style_code" in name) found else found + found + found + found
            }
        }
    }

    private val live = ShippedFiles(assets).build.files.first()

    private fun twice(file: ModelFile): ModelFile {
        fun larger(port: Port) = when (port.kind) {
            "image", "map" -> {
                val (batch, height, width, channels) = port.shape
                port.copy(shape = listOf(batch, 2 * height, 2 * width, channels))
            }
            else -> port
        }
        return file.copy(
            file = PHOTOS,
            sha256 = "0".repeat(64),
            inputs = file.inputs.map(::larger),
            outputs = file.outputs.map(::larger),
        )
    }

    private fun open() = Screen(clip, engines, goldenKnown = true, files = Both())

    private fun plain(colour: Int) =
        Bitmap.createBitmap(400, 400, Bitmap.Config.ARGB_8888).apply { eraseColor(colour) }.jpeg()

    private fun saved(gallery: Gallery): Int {
        val bytes = gallery.written.toByteArray()
        val found = checkNotNull(BitmapFactory.decodeByteArray(bytes, 0, bytes.size))
        return found.getPixel(found.width / 2, found.height / 2)
    }

    private fun isGreen(colour: Int) =
        Color.green(colour) > 240 && Color.red(colour) < 15 && Color.blue(colour) < 15

    private fun settle() = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))

    @After
    fun nothingStaysOpenAndThreadsKeepToTheirs() {
        // One that was just being used is closed in a moment.
        val end = System.nanoTime() + 20_000_000_000
        while (open.isNotEmpty() && System.nanoTime() < end) Thread.sleep(5)
        assertEquals(emptyList<Engine>(), open.toList())
        assertEquals(emptyList<String>(), tint.strangers.toList())
    }

    @Test
    fun `a live photo is painted by it, at its size, and live goes on without`() {
        val gallery = Gallery.installed()
        clip.still = FrameSource.Still(plain(Color.RED), rotation = 0, mirror = false)
        open().use { screen ->
            screen.awaitPicture()
            assertEquals(emptyList<Int>(), painted.toList())
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
            assertTrue(isGreen(saved(gallery)))
            assertEquals(listOf(2 * live.width), painted.toList())
            screen.awaitNextPicture()
            assertEquals(emptyList<Engine>(), open.toList())
            assertFalse(isGreen(checkNotNull(screen.shown())))
        }
    }

    @Test
    fun `a photo shows the live model's painting at once, and its own when it settles`() =
        open().use { screen ->
            screen.awaitPicture()
            screen.openPhoto(plain(Color.RED))
            assertFalse(isGreen(checkNotNull(screen.shown())))
            assertEquals(emptyList<Int>(), painted.toList())
            settle()
            screen.await("the final painting") { isGreen(screen.shown() ?: 0) }
            assertEquals(emptyList<Engine>(), open.toList())
            // Another look begins anew.
            screen.tap(screen.strip.getChildAt(2))
            screen.await("a preview") { !isGreen(screen.shown() ?: 0) }
            settle()
            screen.await("the final painting") { isGreen(screen.shown() ?: 0) }
            assertEquals(2, painted.size)
        }

    @Test
    fun `what is shown as it is kept is saved without painting it again`() {
        val gallery = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.openPhoto(plain(Color.RED))
            settle()
            screen.await("the final painting") { isGreen(screen.shown() ?: 0) }
            repeat(2) { screen.tap(screen.find(R.id.save)) }
            screen.awaitWord(screen.string(R.string.saved))
            assertTrue(isGreen(saved(gallery)))
            assertEquals(1, painted.size)
        }
    }

    @Test
    fun `saved before it settles, it is painted once`() {
        val gallery = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.openPhoto(plain(Color.RED))
            screen.tap(screen.find(R.id.save))
            settle()
            screen.awaitWord(screen.string(R.string.saved))
            screen.await("the final painting") { isGreen(screen.shown() ?: 0) }
            assertTrue(isGreen(saved(gallery)))
            assertEquals(1, painted.size)
        }
    }

    @Test
    fun `where it fails, the live model paints, and that is said`() {
        for (error in listOf(IllegalStateException("lost"), OutOfMemoryError("lost"))) {
            val gallery = Gallery.installed()
            failure = error
            ShadowToast.reset()
            open().use { screen ->
                screen.awaitPicture()
                screen.openPhoto(plain(Color.RED))
                settle()
                screen.await("it was tried") { painted.isNotEmpty() }
                // What is seen is whole; nobody has asked for more yet.
                assertFalse(ShadowToast.showedToast(screen.string(R.string.plainer, "lost")))
                screen.tap(screen.find(R.id.save))
                screen.awaitWord(screen.string(R.string.saved))
                assertTrue(ShadowToast.showedToast(screen.string(R.string.plainer, "lost")))
                assertFalse(isGreen(saved(gallery)))
            }
            painted.clear()
        }
    }

    @Test
    fun `without memory for it, it is not opened`() {
        val gallery = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.demo.freeMemory = { 200_000_000 }
            screen.controller.recreate()
            screen.awaitPicture()
            screen.openPhoto(plain(Color.RED))
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
            val said = screen.string(R.string.plainer, "it needs 183 MB of memory")
            assertTrue(ShadowToast.showedToast(said))
            assertFalse(isGreen(saved(gallery)))
            assertEquals(emptyList<Int>(), painted.toList())
        }
    }

    @Test
    fun `a phone that computes something else paints by the live model`() {
        val gallery = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            val settings = Settings(screen.activity.getSharedPreferences("settings", 0))
            val file = checkNotNull(screen.demo.models.forPhotos).chosen("stylizer")
            for (it in Settings.PROCESSORS) settings.keepRight(file.copy(sha256 = "other"), it)
            screen.openPhoto(plain(Color.RED))
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
            val said = screen.string(R.string.plainer, "this phone computes something else")
            assertTrue(ShadowToast.showedToast(said))
            assertFalse(isGreen(saved(gallery)))
        }
    }

    @Test
    fun `it is given depth at its own size`() {
        val near = DepthFrame(40, 40, ByteBuffer.allocate(2 * 40 * 40), 80)
        near.buffer.order(ByteOrder.nativeOrder())
        // The upper half is near.
        for (i in 0 until 40 * 40) near.buffer.putShort(2 * i, if (i < 800) 400 else 3000)
        clip = ClipFrames(Screen.clip(), depth = near)
        clip.still = FrameSource.Still(plain(Color.RED), rotation = 0, mirror = false)
        Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.tap(screen.find(R.id.keep_near))
            screen.tap(screen.find(R.id.save))
            screen.awaitWord(screen.string(R.string.saved))
        }
        val side = 2 * live.width
        assertEquals(side * side, depth.size)
        for (column in 0 until side step 7) {
            assertEquals(0f, depth[side * (side / 4) + column], 0f)
            assertEquals(1f, depth[side * (side * 3 / 4) + column], 0f)
        }
    }

    @Test
    fun `what takes longer than two seconds shows that it goes on`() {
        Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.openPhoto(plain(Color.RED))
            val progress = screen.find<View>(R.id.progress)
            // The live model, which was opened last, is behind a gate.
            failure = IllegalStateException("lost")
            tint.hold()
            screen.tap(screen.find(R.id.save))
            screen.await("it is painted") { tint.waiting }
            shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(1900))
            assertFalse(progress.isShown)
            shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(200))
            assertTrue(progress.isShown)
            tint.release()
            screen.awaitWord(screen.string(R.string.saved))
            screen.await("it is over") { !progress.isShown }
        }
    }

    @Test
    fun `left while it paints, it is closed, and the picture is saved`() {
        val gallery = Gallery.installed()
        open().use { screen ->
            screen.awaitPicture()
            screen.openPhoto(plain(Color.RED))
            screen.tap(screen.find(R.id.save))
            screen.turn()
            screen.awaitWord(screen.string(R.string.saved))
            assertTrue(isGreen(saved(gallery)))
        }
    }

    private companion object {
        const val PHOTOS = "studio.tflite"
    }
}
