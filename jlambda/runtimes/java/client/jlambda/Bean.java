package jlambda;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The members of a class that JSON sees: a record's components; else getters, setters and public fields, and the private
 * field behind a getter that has no setter. Names and order are those of Jackson, which AWS's runtime uses.
 */
final class Bean {
    private static final Map<Class<?>, Bean> KNOWN = new HashMap<>();

    final Class<?> type;
    final Member[] members;
    private final Map<String, Integer> byName = new HashMap<>();
    private final Constructor<?> constructor;

    /** One member; `type` is that of the setter or field if it can be written, else that of the getter. */
    static final class Member {
        final String name;
        Type type;
        private Method getter;
        private Method setter;
        private Field field;

        Member(String name) {
            this.name = name;
        }

        boolean canRead() {
            return getter != null || field != null && Modifier.isPublic(field.getModifiers());
        }

        boolean canWrite() {
            return setter != null || field != null && !Modifier.isFinal(field.getModifiers());
        }

        Object read(Object bean) throws Exception {
            try {
                return getter != null ? getter.invoke(bean) : field.get(bean);
            } catch (InvocationTargetException error) {
                throw thrown(error);
            }
        }

        void write(Object bean, Object value) throws Exception {
            try {
                if (setter != null) {
                    setter.invoke(bean, value);
                } else {
                    field.set(bean, value);
                }
            } catch (InvocationTargetException error) {
                throw thrown(error);
            }
        }
    }

    private Bean(Class<?> type) throws ReflectiveOperationException {
        this.type = type;
        Map<String, Member> found = new LinkedHashMap<>();
        if (type.isRecord()) {
            constructor = recordMembers(found);
        } else {
            fields(type, found);
            methods(found);
            for (Iterator<Member> all = found.values().iterator(); all.hasNext(); ) {
                Member member = all.next();
                if (!member.canRead() && !member.canWrite()) {
                    all.remove();
                }
            }
            constructor = Modifier.isAbstract(type.getModifiers()) ? null : emptyConstructor();
        }
        members = found.values().toArray(new Member[0]);
        for (int i = 0; i < members.length; i++) {
            byName.put(members[i].name, i);
        }
    }

    static Bean of(Class<?> type) throws ReflectiveOperationException {
        Bean bean = KNOWN.get(type);
        if (bean == null) {
            bean = new Bean(type);
            KNOWN.put(type, bean);
        }
        return bean;
    }

    /** The place of a member in `members`, -1 if JSON cannot set it. */
    int index(String name) {
        Integer index = byName.get(name);
        return index != null && (type.isRecord() || members[index].canWrite()) ? index : -1;
    }

    /** A new object; `values` are a record's components, none else. */
    Object make(Object... values) throws Exception {
        if (constructor == null) {
            throw new IllegalArgumentException(type.getName() + " cannot be made from JSON: it "
                + (Modifier.isAbstract(type.getModifiers()) ? "is abstract" : "has no constructor without parameters"));
        }
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException error) {
            throw thrown(error);
        }
    }

    private Constructor<?> recordMembers(Map<String, Member> found) throws ReflectiveOperationException {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            Member member = new Member(components[i].getName());
            member.getter = open(components[i].getAccessor());
            member.type = components[i].getGenericType();
            types[i] = components[i].getType();
            found.put(member.name, member);
        }
        return open(type.getDeclaredConstructor(types));
    }

    private Constructor<?> emptyConstructor() {
        try {
            return open(type.getDeclaredConstructor());
        } catch (NoSuchMethodException none) {
            return null;
        }
    }

    /** All fields, those of parents first: their order is that of the members. */
    private static void fields(Class<?> type, Map<String, Member> found) {
        if (type.getSuperclass() != null && type.getSuperclass() != Object.class) {
            fields(type.getSuperclass(), found);
        }
        for (Field field : type.getDeclaredFields()) {
            int modifiers = field.getModifiers();
            if (!Modifier.isStatic(modifiers) && !Modifier.isTransient(modifiers) && !field.isSynthetic()) {
                Member member = member(found, field.getName());
                member.type = field.getGenericType();
                if (Modifier.isPublic(modifiers)) {
                    member.field = open(field);
                }
            }
        }
    }

    private void methods(Map<String, Member> found) {
        Map<String, Method> getters = new TreeMap<>();
        List<Method> setters = new ArrayList<>();
        for (Method method : type.getMethods()) {
            String name = method.getName();
            boolean isOurs = method.getDeclaringClass() != Object.class && !method.isBridge() && !Modifier.isStatic(method.getModifiers());
            if (isOurs && method.getParameterCount() == 0 && prefix(method) > 0) {
                getters.put(property(name.substring(prefix(method))), method);
            } else if (isOurs && method.getParameterCount() == 1 && name.startsWith("set") && name.length() > 3) {
                setters.add(method);
            }
        }
        for (Map.Entry<String, Method> entry : getters.entrySet()) {
            Member member = member(found, entry.getKey());
            member.getter = open(entry.getValue());
            member.type = entry.getValue().getGenericReturnType();
            if (member.field == null) {
                member.field = privateField(entry.getKey(), entry.getValue());
            }
        }
        for (Method method : setters) {
            Member member = member(found, property(method.getName().substring(3)));
            // of several setters the one that fits the getter
            if (member.setter == null || member.getter != null && method.getParameterTypes()[0] == member.getter.getReturnType()) {
                member.setter = open(method);
                member.type = method.getGenericParameterTypes()[0];
            }
        }
    }

    private Field privateField(String name, Method getter) {
        try {
            Field field = getter.getDeclaringClass().getDeclaredField(name);
            boolean fits = field.getType() == getter.getReturnType() && !Modifier.isStatic(field.getModifiers());
            return fits && !Modifier.isFinal(field.getModifiers()) ? open(field) : null;
        } catch (NoSuchFieldException none) {
            return null;
        }
    }

    private static Member member(Map<String, Member> found, String name) {
        Member member = found.get(name);
        if (member == null) {
            member = new Member(name);
            found.put(name, member);
        }
        return member;
    }

    private static int prefix(Method getter) {
        String name = getter.getName();
        Class<?> type = getter.getReturnType();
        if (name.startsWith("get") && name.length() > 3 && type != void.class) {
            return 3;
        }
        return name.startsWith("is") && name.length() > 2 && (type == boolean.class || type == Boolean.class) ? 2 : 0;
    }

    /** `Name` is name, `URL` is url. */
    private static String property(String capitalised) {
        StringBuilder name = new StringBuilder(capitalised);
        for (int i = 0; i < name.length() && Character.isUpperCase(name.charAt(i)); i++) {
            name.setCharAt(i, Character.toLowerCase(name.charAt(i)));
        }
        return name.toString();
    }

    /** The class may be private to its package, which is not ours. */
    private static <T extends AccessibleObject> T open(T member) {
        member.setAccessible(true);
        return member;
    }

    private static Exception thrown(InvocationTargetException error) {
        Throwable cause = error.getCause();
        if (cause instanceof Error) {
            throw (Error) cause;
        }
        return (Exception) cause;
    }
}
