package org.facestyle.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import kotlin.concurrent.thread

class ConflatedChannelTest {
    private val channel = ConflatedChannel(LongArray(64), LongArray(64), LongArray(64))

    private fun write(value: Long) = channel.write { it.fill(value) }

    @Test
    fun `the newest is taken, once`() {
        assertNull(channel.take(0))
        for (i in 1L..3L) write(i)
        assertEquals(3L, channel.take(0)!![0])
        assertNull(channel.take(0))
        assertEquals(2, channel.dropped)
        write(4)
        assertEquals(4L, channel.take(0)!![0])
        assertEquals(2, channel.dropped)
    }

    @Test
    fun `what was taken stays the reader's until it takes again`() {
        write(1)
        val taken = channel.take(0)!!
        for (i in 2L..20L) {
            channel.write {
                assertNotSame(taken, it)
                it.fill(i)
            }
        }
        assertEquals(setOf(1L), taken.toSet())
        assertEquals(20L, channel.take(0)!![0])
        channel.write { it.fill(21) }
        assertTrue(taken.toSet().size == 1)
    }

    @Test
    fun `a writer that fails hands nothing over`() {
        write(1)
        assertThrows(IllegalStateException::class.java) { channel.write { error("no picture") } }
        assertEquals(1L, channel.take(0)!![0])
        assertNull(channel.take(0))
        assertEquals(0, channel.dropped)
    }

    @Test
    fun `a timeout is kept, and a frame ends the waiting`() {
        val start = System.nanoTime()
        assertNull(channel.take(30))
        assertTrue(System.nanoTime() - start >= 30_000_000)
        var taken: LongArray? = null
        val reader = thread { taken = channel.take(60_000) }
        Thread.sleep(20)
        var written: LongArray? = null
        channel.write { written = it }
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
            val frame = channel.take(10_000)!!
            val value = frame[0]
            assertTrue(value > last)
            assertTrue(frame.all { it == value })
            last = value
            seen++
        }
        writer.join()
        assertEquals(frames, seen + channel.dropped.toLong())
    }
}
