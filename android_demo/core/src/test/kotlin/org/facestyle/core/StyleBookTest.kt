package org.facestyle.core

import org.json.JSONObject
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Test

class StyleBookTest {
    private val shipped = parseStyles(Vectors.styles.readText())
    private val made = Vectors.read("styles")

    private fun style(
        name: String,
        code: FloatArray = floatArrayOf(1f, 0.1f),
        thumbnail: String? = null,
    ) = Style(name, "A title: “é” \"\\\n", "", code, thumbnail)

    private fun error(json: String): String? =
        assertThrows(BadFile::class.java) { parseStyles(json) }.message

    private fun changed(change: (JSONObject) -> Unit): String =
        JSONObject(StyleBook("w", listOf(style("a"))).toJson()).also(change).toString()

    private fun changedStyle(key: String, value: Any?): String =
        changed { it.getJSONArray("styles").getJSONObject(0).put(key, value) }

    @Test
    fun `the shipped styles are read`() {
        assertEquals(made.getString("weights"), shipped.weights)
        assertEquals(made.getInt("count"), shipped.styles.size)
        val wave = shipped["great_wave"]!!
        assertEquals(128, wave.code.size)
        assertEquals("ukiyo-e", wave.credit.lowercase().substringBefore(";"))
        assertNull(shipped["nothing"])
    }

    @Test
    fun `mixing is Python's`() {
        val first = shipped[made.getString("first")]!!.code
        val second = shipped[made.getString("second")]!!.code
        for (case in made.getJSONArray("mixes").objects()) {
            val code = case.getJSONArray("code")
            val wanted = FloatArray(code.length()) { code.getDouble(it).toFloat() }
            assertArrayEquals(wanted, mix(first, second, case.getDouble("share").toFloat()), 1e-7f)
        }
        assertArrayEquals(first, mix(first, second, 0f), 0f)
        assertArrayEquals(second, mix(first, second, 1f), 0f)
    }

    @Test
    fun `mixing refuses what it cannot mix`() {
        for (share in listOf(-0.1f, 1.1f, Float.NaN)) {
            assertThrows(IllegalArgumentException::class.java) {
                mix(FloatArray(2), FloatArray(2), share)
            }
        }
        assertThrows(IllegalArgumentException::class.java) { mix(FloatArray(2), FloatArray(3), 0f) }
    }

    @Test
    fun `what is written is read again, to the last bit`() {
        val code = floatArrayOf(0.1f, -1e-7f, 3.4e38f, Float.MIN_VALUE, 5f, -0f)
        val book = StyleBook("w", emptyList()) + style("b", code, "b.jpg") + style("a", code)
        val back = parseStyles(book.toJson())
        assertEquals(listOf("a", "b"), back.styles.map { it.name })
        assertEquals(book.weights, back.weights)
        for (style in back.styles) assertArrayEquals(code, style.code, 0f)
        assertEquals(style("a").title, back["a"]!!.title)
        assertEquals("b.jpg", back["b"]!!.thumbnail)
        assertNull(back["a"]!!.thumbnail)
        assertEquals(0, parseStyles(StyleBook("w", emptyList()).toJson()).styles.size)
    }

    @Test
    fun `a name is in a book once`() {
        val newer = style("a", floatArrayOf(2f, 3f))
        val book = StyleBook("w", listOf(style("a"))) + style("b") + newer
        assertEquals(listOf("a", "b"), book.styles.map { it.name })
        assertEquals(2f, book["a"]!!.code[0])
        assertEquals(listOf("b"), (book - "a").styles.map { it.name })
    }

    @Test
    fun `each fault has its line`() {
        assertEquals("styles.json: not JSON, or cut off", error(""))
        assertEquals("styles.json: not JSON, or cut off", error("[]"))
        assertEquals(
            "styles.json: not JSON, or cut off",
            error(Vectors.styles.readText().take(5000)),
        )
        assertEquals("styles.json: format is missing", error("{}"))
        assertEquals(
            "styles.json: of format facestyle-styles/2; this app reads facestyle-styles/1",
            error(changed { it.put("format", "facestyle-styles/2") }),
        )
        assertEquals("styles.json: weights is missing", error(changed { it.remove("weights") }))
        assertEquals(
            "styles.json: styles must be a list of objects",
            error(changed { it.put("styles", 3) }),
        )
        assertEquals(
            "styles.json: styles[0] must be an object",
            error(changed { it.put("styles", listOf(1)) }),
        )
        assertEquals("styles.json: styles[0]: name must be a text", error(changedStyle("name", 3)))
        val legal = "lower-case letters, digits, _ and -, 64 at most"
        assertEquals(
            "styles.json: styles[0]: name must be $legal",
            error(changedStyle("name", "../a")),
        )
        assertEquals("styles.json: styles[0]: code is missing", error(changedStyle("code", null)))
        assertEquals(
            "styles.json: styles[0]: code must be 2 numbers",
            error(changedStyle("code", listOf(1))),
        )
        assertEquals(
            "styles.json: styles[0]: code[1] must be a number",
            error(changedStyle("code", listOf(1, "2"))),
        )
        assertEquals(
            "styles.json: styles[0]: code[0] must be a finite number",
            error(changedStyle("code", listOf(1e300, 2))),
        )
        assertEquals(
            "styles.json: the style a is there 2 times",
            error(StyleBook("w", listOf(style("a"), style("a"))).toJson()),
        )
    }
}
