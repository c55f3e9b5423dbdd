package org.facestyle.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import kotlin.concurrent.thread

class MailboxTest {
    private val box = Mailbox(LongArray(64), LongArray(64), LongArray(64))

    private fun write(value: Long) = box.write { it.fill(value) }

    @Test
    fun `the newest is taken, once`() {
        assertNull(box.take(0))
        for (i in 1L..3L) write(i)
        assertEquals(3L, box.take(0)!![0])
        assertNull(box.take(0))
        assertEquals(2, box.dropped)
        write(4)
        assertEquals(4L, box.take(0)!![0])
        assertEquals(2, box.dropped)
    }

    @Test
    fun `what was taken stays the reader's until it takes again`() {
        write(1)
        val taken = box.take(0)!!
        for (i in 2L..20L) {
            box.write {
                assertNotSame(taken, it)
                it.fill(i)
            }
        }
        assertEquals(setOf(1L), taken.toSet())
        assertEquals(20L, box.take(0)!![0])
        box.write { box -> box.fill(21) }
        assertTrue(taken.toSet().size == 1)
    }

    @Test
    fun `a writer that fails hands nothing over`() {
        write(1)
        assertThrows(IllegalStateException::class.java) { box.write { error("no picture") } }
        assertEquals(1L, box.take(0)!![0])
        assertNull(box.take(0))
        assertEquals(0, box.dropped)
    }

    @Test
    fun `a timeout is kept, and a frame ends the waiting`() {
        val start = System.nanoTime()
        assertNull(box.take(30))
        assertTrue(System.nanoTime() - start >= 30_000_000)
        var taken: LongArray? = null
        val reader = thread { taken = box.take(60_000) }
        Thread.sleep(20)
        var written: LongArray? = null
        box.write { written = it }
        reader.join(10_000)
        assertSame(written, taken)
    }

    @Test
    fun `two threads never see half a frame, nor an older one after a newer one`() {
        val frames = 200_000L
        val writer = thread { for (i in 1..frames) write(i) }
        var last = 0L
        var seen = 0
        while (last < frames) {
            val frame = box.take(10_000)!!
            val value = frame[0]
            assertTrue(value > last)
            assertTrue(frame.all { it == value })
            last = value
            seen++
        }
        writer.join()
        assertEquals(frames, seen + box.dropped.toLong())
    }
}
