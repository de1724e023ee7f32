// objects: sealed classes, generics, sequences, collections, regular expressions and exceptions, by Kotlin's compiler to wasm with garbage collection.

sealed interface Expression
data class Number(val value: Double) : Expression
data class Sum(val left: Expression, val right: Expression) : Expression
data class Quotient(val left: Expression, val right: Expression) : Expression
class Failure(message: String, cause: Throwable? = null) : Exception(message, cause)

fun value(e: Expression): Double = when (e) {
    is Number -> e.value
    is Sum -> value(e.left) + value(e.right)
    is Quotient -> value(e.right).let { if (it == 0.0) throw Failure("divided by zero", IllegalStateException("inner")) else value(e.left) / it }
}

class Tree<K : Comparable<K>>(val key: K, var left: Tree<K>? = null, var right: Tree<K>? = null) {
    fun add(k: K) { if (k < key) left = left?.also { it.add(k) } ?: Tree(k) else right = right?.also { it.add(k) } ?: Tree(k) }
    fun walk(f: (K) -> Unit) { left?.walk(f); f(key); right?.walk(f) }
}

fun fib(): Sequence<Long> = sequence { var a = 0L; var b = 1L; while (true) { yield(a); a = b.also { b += a } } }

class Branch(val left: Branch?, val right: Branch?, val mark: Any) { fun size(): Int = 1 + (left?.size() ?: 0) + (right?.size() ?: 0) }
fun grown(depth: Int, mark: Int): Branch = if (depth == 0) Branch(null, null, mark) else Branch(grown(depth - 1, mark), grown(depth - 1, -mark), "m$mark")
class Link(val value: Long, val next: Link?)

var unwound = 0
fun unwinding(depth: Int): Int = try { if (depth == 0) throw Failure("from below") else unwinding(depth - 1) + 1 } finally { unwound++ }

fun main() {
    println(value(Sum(Number(1.5), Quotient(Number(9.0), Number(4.0)))))
    try { value(Quotient(Number(1.0), Number(0.0))) } catch (e: Failure) { println("${e.message}, since ${e.cause?.message}") } finally { println("finally") }
    val words = "to be or not to be that is the question".split(" ")
    println(words.groupingBy { it }.eachCount().toList().sortedWith(compareBy({ -it.second }, { it.first })))
    println(words.map { it.length }.fold(0) { a, b -> a * 31 + b })
    val tree = Tree(50); var x = 17
    repeat(2000) { x = (x * 1103515245 + 12345) and 0x7fffffff; tree.add(x % 1000) }
    var sum = 0L; var n = 0; tree.walk { sum = sum * 7 + it; n++ }; println("$n $sum")
    println(fib().drop(70).take(3).toList())
    try { listOf(1, 2, 3)[5] } catch (e: IndexOutOfBoundsException) { println(e.message) }
    try { (words as Any as Map<*, *>).size } catch (e: ClassCastException) { println("cast") }
    println(buildString { for (c in "Grüße, Мир ☃") append(c.code.toString(16)).append(' ') })
    val map = HashMap<String, MutableList<Int>>()
    for (i in 0 until 50000) map.getOrPut("k${i % 97}") { mutableListOf() }.add(i)
    println(map.entries.sumOf { it.value.sum().toLong() * it.key.hashCode() })
    println((1..200000).map { Number(it.toDouble()) }.filter { it.value % 3 == 0.0 }.sumOf { it.value })
    println(Regex("([a-z]+)@([a-z]+)\\.org").findAll("a@b.org, me@example.org; x@y.com").map { it.groupValues }.toList())
    println(listOf(3.14, 1e300, -0.0, Double.NaN, 1.0 / 3, 100.0, 1.0E-7).joinToString())
    val trees = (1..20).sumOf { n -> grown(12, n).size() }
    println(trees)
    var chain: Link? = null
    for (k in 0 until 100000) chain = Link(k.toLong(), chain)
    var links = 0L; while (chain != null) { links += chain.value; chain = chain.next }
    println(links)
    println(runCatching { unwinding(500) }.exceptionOrNull()?.message + ", $unwound unwound")
}
