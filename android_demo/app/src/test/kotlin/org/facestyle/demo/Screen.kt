package org.facestyle.demo

import android.app.Activity
import android.app.Application
import android.content.Context
import android.content.Intent
import android.content.res.AssetManager
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Rect
import android.net.Uri
import android.os.Bundle
import android.os.Looper
import android.os.SystemClock
import android.view.MotionEvent
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import org.facestyle.core.YuvFrame
import org.junit.Assert.assertTrue
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.shadows.ShadowToast
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.File
import java.nio.Buffer
import java.time.Duration
import java.util.concurrent.atomic.AtomicInteger

/**
 * The app's screen under Robolectric, used as a person would use it.
 *
 * @param engines null for those that the app has already, with its files.
 * @param camera whether its use was allowed before.
 * @param files what the app holds; without a model for photos by default.
 * @param state what an earlier screen has left, whose process was killed.
 * @param goldenKnown whether the golden pair was right before: a tint never is.
 */
class Screen(
    val clip: ClipFrames,
    engines: EngineFactory?,
    camera: Boolean = true,
    goldenKnown: Boolean = false,
    state: Bundle? = null,
    files: ShippedFiles? = null,
) : AutoCloseable {
    private val application: Application = RuntimeEnvironment.getApplication()
    val demo = application as DemoApplication
    private val runs = AtomicInteger()

    init {
        engines?.let {
            demo.engines = counted(it)
            demo.models = ModelProvider(files ?: LiveOnly(demo.assets), demo.engines)
        }
        demo.frames = { clip }
        demo.freeMemory = { ENOUGH_MEMORY }
        if (camera) grantCamera()
        if (goldenKnown) {
            val settings = Settings(demo.getSharedPreferences("settings", Context.MODE_PRIVATE))
            for (known in listOfNotNull(demo.models, demo.models.forPhotos)) {
                val file = known.chosen("stylizer")
                for (it in Settings.PROCESSORS) settings.keepRight(file, it)
            }
        }
    }

    val controller: ActivityController<MainActivity> =
        Robolectric.buildActivity(MainActivity::class.java).run {
            if (state == null) setup() else setup(state)
        }
    val activity: MainActivity get() = controller.get()

    fun grantCamera() = shadowOf(application).grantPermissions(android.Manifest.permission.CAMERA)

    val strip: ViewGroup get() = find(R.id.strip)

    fun string(id: Int, vararg values: Any?): String = activity.getString(id, *values)

    fun <T : View> find(id: Int): T = activity.findViewById(id)

    fun text(id: Int) = find<TextView>(id).text.toString()

    /** Waits, doing what the main thread has to do, until something is so. */
    fun await(what: String, condition: () -> Boolean) {
        val end = System.nanoTime() + 20_000_000_000
        while (!condition()) {
            assertTrue("waited for: $what", System.nanoTime() < end)
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(5)
        }
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** Lets time pass in which something might happen that must not. */
    fun pass(millis: Long) {
        val end = System.nanoTime() + millis * 1_000_000
        while (System.nanoTime() < end) {
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(5)
        }
    }

    /** Waits until a message is shown, and returns it. */
    fun awaitMessage(): String {
        await("a message") { find<View>(R.id.message).isShown }
        return text(R.id.message_text)
    }

    /** Waits for a short word at the screen's edge. */
    fun awaitWord(text: String) =
        await("\"$text\"") { ShadowToast.getTextOfLatestToast() == text }

    /** Waits until the picture that is shown has been painted. */
    fun awaitPicture() = await("a painted picture") { shown() != null }

    /** What the middle of the picture's height shows; null while nothing is shown. */
    fun shown(across: Float = 0.5f): Int? {
        val view = find<PaintedView>(R.id.painted)
        if (view.width == 0) return null
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        val x = (bitmap.width * across).toInt()
        return bitmap.getPixel(x, bitmap.height / 2).takeIf { it ushr 24 != 0 }
    }

    /** Touches a view, at a share of its width. */
    fun tap(view: View, across: Float = 0.5f) {
        press(view, across)
        release(view, across)
    }

    fun press(view: View, across: Float = 0.5f) = touch(
        view,
        across,
        MotionEvent.ACTION_DOWN,
        MotionEvent.ACTION_MOVE,
    )

    fun release(view: View, across: Float = 0.5f) = touch(view, across, MotionEvent.ACTION_UP)

    /** Draws a finger over a view, between shares of its width. */
    fun drag(view: View, from: Float, to: Float, lift: Boolean = true) {
        touch(view, from, MotionEvent.ACTION_DOWN)
        for (step in 1..DRAG_STEPS) {
            SystemClock.sleep(FRAME_MILLIS)
            touch(view, from + (to - from) * step / DRAG_STEPS, MotionEvent.ACTION_MOVE)
        }
        if (lift) touch(view, to, MotionEvent.ACTION_UP)
    }

    /** Waits until nothing rolls on: a finger would stop it, and do nothing else. */
    fun rest() = repeat(20) {
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(100))
        drawn()
    }

    /** Waits until a photo is painted as it is kept, which it is after a moment without a touch. */
    fun settle() {
        val before = picture()
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        await("the final painting") { picture() != before }
    }

    private fun picture(): Int {
        val view = find<PaintedView>(R.id.painted)
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        return bitmap.pixels().contentHashCode()
    }

    private var touched = 0L

    private fun touch(view: View, across: Float, vararg actions: Int) {
        shadowOf(Looper.getMainLooper()).idle()
        val at = IntArray(2).also(view::getLocationInWindow)
        val (x, y) = at[0] + view.width * across to at[1] + view.height / 2f
        for (action in actions) {
            val time = SystemClock.uptimeMillis()
            if (action == MotionEvent.ACTION_DOWN) touched = time
            val event = MotionEvent.obtain(touched, time, action, x, y, 0)
            view.rootView.dispatchTouchEvent(event)
            event.recycle()
        }
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** Turns the phone. */
    fun turn(qualifier: String = "+land") {
        RuntimeEnvironment.setQualifiers(qualifier)
        controller.configurationChange()
        controller.visible()
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** Answers the picker that was opened with a picture. */
    fun answerPick(picture: ByteArray, uri: Uri = PICKED) {
        val asked = shadowOf(activity).nextStartedActivityForResult
        offer(picture, uri)
        val answer = Intent().setData(uri)
        shadowOf(activity).receiveResult(asked.intent, Activity.RESULT_OK, answer)
    }

    /** Opens a photo. */
    fun openPhoto(picture: ByteArray) {
        tap(find(R.id.photo))
        answerPick(picture)
        await("the photo") { find<View>(R.id.save).isEnabled }
        awaitPicture()
    }

    /**
     * Compares what the screen shows with the picture that is kept of it.
     *
     * @param except a view whose text is never the same, nor as wide: its rows are left out.
     */
    fun assertLooksAs(name: String, except: Int? = null) {
        val shown = drawn()
        val ignored = except?.let { find<View>(it) }?.let { view ->
            val at = IntArray(2).also(view::getLocationInWindow)
            Rect(0, at[1], shown.width, at[1] + view.height)
        }
        Screenshot.assertKept(name, shown, ignored)
    }

    /** What the screen shows. */
    fun drawn(): Bitmap {
        shadowOf(Looper.getMainLooper()).idle()
        val root = activity.window.decorView
        val bitmap = Bitmap.createBitmap(root.width, root.height, Bitmap.Config.ARGB_8888)
        root.draw(Canvas(bitmap))
        return bitmap
    }

    override fun close() {
        controller.close()
    }

    private fun counted(engines: EngineFactory) = EngineFactory { model, processor ->
        val engine = engines.open(model, processor)
        object : Engine by engine {
            override fun bind(
                inputs: Map<String, Buffer>,
                outputs: Map<String, Buffer>,
            ): () -> Unit {
                val run = engine.bind(inputs, outputs)
                return {
                    run()
                    runs.incrementAndGet()
                }
            }
        }
    }

    /** Waits until a picture is shown, live, that was begun after this call. */
    fun awaitNextPicture() {
        // One may be under way, the next one is new, and has been shown when a third is done.
        val seen = runs.get()
        await("a new picture") { runs.get() >= seen + 3 }
    }

    /** The app's files, but for the model for photos, which `make android` may leave out. */
    private class LiveOnly(assets: AssetManager) : ShippedFiles(assets) {
        override val forPhotos: ShippedFiles? get() = null
    }

    companion object {
        /** A painted portrait that ships with the project. */
        fun portrait(): Bitmap =
            checkNotNull(BitmapFactory.decodeFile(PORTRAIT)) { "no picture at $PORTRAIT" }

        val PICKED: Uri = Uri.parse("content://pictures/picked")

        /** Lets a picture be read at an address. */
        fun offer(picture: ByteArray, uri: Uri = PICKED) {
            shadowOf(RuntimeEnvironment.getApplication().contentResolver)
                .registerInputStreamSupplier(uri) { ByteArrayInputStream(picture) }
        }

        /** As a file. */
        fun Bitmap.jpeg(quality: Int = 92): ByteArray = ByteArrayOutputStream().also {
            compress(Bitmap.CompressFormat.JPEG, quality, it)
        }.toByteArray()

        private const val ENOUGH_MEMORY = 1_000_000_000L
        private const val DRAG_STEPS = 8
        private const val FRAME_MILLIS = 16L

        /**
         * A short clip of a face: it, moving from frame to frame; or the pictures of the folder
         * that the property facestyle.clip names.
         */
        fun clip(): List<YuvFrame> = System.getProperty("facestyle.clip")?.let(::filmed) ?: moving

        /** Pictures of a folder, as frames. */
        fun filmed(folder: String) =
            checkNotNull(File(folder).listFiles()) { "no folder $folder" }.sorted().take(FRAMES)
                .mapNotNull { BitmapFactory.decodeFile(it.path) }
                .map { ClipFrames.yuv(Bitmap.createScaledBitmap(it, CLIP_SIDE, CLIP_SIDE, true)) }

        private val moving by lazy {
            val portrait = portrait()
            val side = minOf(portrait.width, portrait.height) * 7 / 8 / 2 * 2
            List(FRAMES) {
                val left = it * (portrait.width - side) / FRAMES
                ClipFrames.yuv(Bitmap.createBitmap(portrait, left, 0, side, side))
            }
        }

        private const val FRAMES = 8
        private const val CLIP_SIDE = 480

        private const val PORTRAIT = "../../facestyle/gallery/portraits/mona_lisa.jpg"
    }
}
