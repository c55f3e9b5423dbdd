package org.facestyle.demo

import android.graphics.Bitmap
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File
import java.io.IOException

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 34])
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class OwnStylesTest {
    @get:Rule val folder = TemporaryFolder()

    private val picture = Bitmap.createBitmap(8, 8, Bitmap.Config.ARGB_8888)
    private val code = FloatArray(128) { it / 128f }
    private val styles get() = OwnStyles(folder.root, "weights")

    @Test
    fun `they are there again, with their pictures`() {
        val first = styles.add("One", code, picture)
        Thread.sleep(2)
        styles.add("Two", code, picture)
        assertEquals(listOf("One", "Two"), styles.all().map { it.title })
        assertArrayEquals(code, styles.all().first().code, 0f)
        assertNotNull(styles.thumbnail(first))
    }

    @Test
    fun `those of other weights are not listed, and what is damaged is none`() {
        styles.add("One", code, picture)
        val others = OwnStyles(folder.root, "other weights")
        assertEquals(emptyList<Any>(), others.all())
        others.add("Two", code, picture)
        assertEquals(listOf("One"), styles.all().map { it.title })
        File(folder.root, "styles_weights.json").writeText("{")
        assertEquals(emptyList<Any>(), styles.all())
    }

    @Test
    fun `one is removed with its picture`() {
        val first = styles.add("One", code, picture)
        Thread.sleep(2)
        val second = styles.add("Two", code, picture)
        styles.remove(first)
        assertEquals(listOf("Two"), styles.all().map { it.title })
        assertNull(styles.thumbnail(first))
        styles.remove(second)
        assertEquals(emptyList<Any>(), styles.all())
    }

    @Test
    fun `what cannot be written leaves nothing behind`() {
        // In place of the new index: it cannot be written.
        File(folder.root, "styles_weights.json.new").mkdirs()
        assertThrows(IOException::class.java) { styles.add("One", code, picture) }
        assertEquals(listOf("styles_weights.json.new"), folder.root.list().orEmpty().toList())
    }
}
