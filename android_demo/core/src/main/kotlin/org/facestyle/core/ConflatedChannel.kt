package org.facestyle.core

/**
 * Hands the newest frame from one thread to another: a conflated channel, by a triple buffer.
 *
 * One thread writes and never waits, another one reads and may; each owns one of the three
 * buffers, and the third is the one handed over. What is written before the reader comes
 * replaces what it has not seen. Nothing is allocated.
 */
class ConflatedChannel<T : Any>(a: T, b: T, c: T) {
    private var writing = a
    private var waiting = b
    private var reading = c
    private var unseen = false
    private var lost = 0

    // Kotlin's Any has no wait and notify.
    @Suppress("PLATFORM_CLASS_MAPPED_TO_KOTLIN")
    private val lock = Object()

    /** How many frames were replaced before anybody saw them. */
    val dropped: Int get() = synchronized(lock) { lost }

    /**
     * Writes a frame; of the writer's thread only.
     *
     * @param fill overwrites a buffer, which holds an older frame. If it throws, nothing is
     *   handed over.
     */
    fun write(fill: (T) -> Unit) {
        fill(writing)
        synchronized(lock) {
            val older = waiting
            waiting = writing
            writing = older
            if (unseen) lost++
            unseen = true
            lock.notify()
        }
    }

    /**
     * Waits for a frame that was not taken before; of the reader's thread only.
     *
     * @param timeoutMillis how long at most; 0 for not at all.
     * @return the newest one, the reader's until it takes the next; null if none came.
     * @throws InterruptedException when the thread is interrupted while it waits.
     */
    fun take(timeoutMillis: Long): T? {
        val deadline = System.nanoTime() + timeoutMillis * NANOS_A_MILLI
        synchronized(lock) {
            while (!unseen) {
                // Rounded up: waiting for 0 ms would be for ever.
                val left = (deadline - System.nanoTime() + NANOS_A_MILLI - 1) / NANOS_A_MILLI
                if (left <= 0) return null
                lock.wait(left)
            }
            val newest = waiting
            waiting = reading
            reading = newest
            unseen = false
            return newest
        }
    }

    private companion object {
        const val NANOS_A_MILLI = 1_000_000L
    }
}
